import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { schemaFlaws, schemaOf } from '../kit/entity-schemas.ts';

const root = new URL('../../', import.meta.url);
const section = /## What leaves your network\n(.*?)\n## /s.exec(
  readFileSync(new URL('README.md', root), 'utf8'),
)?.[1];
const blocks = (text: string) =>
  Array.from(text.matchAll(/```json\n(.*?)```/gs), ([, json = '']) => JSON.parse(json) as Example);

interface Example {
  readonly type: 'user' | 'repository';
  readonly attributes: object;
}

describe('the README', () => {
  const examples = blocks(section ?? '');

  it.each(['user', 'repository'] as const)('has a full example of a %s, as the schema wants it', (type) => {
    const [example, ...more] = examples.filter((one) => one.type === type);
    expect(more).toEqual([]);
    expect(schemaFlaws(type, example)).toEqual([]);
    const { attributes } = schemaOf(type).properties as { attributes: { properties: object } };
    expect(Object.keys(example?.attributes ?? {}).sort()).toEqual(Object.keys(attributes.properties).sort());
  });
});

it('docs/inventory.md has a batch as the schema wants it', () => {
  const [batch] = blocks(readFileSync(new URL('docs/inventory.md', root), 'utf8'));
  expect(schemaFlaws('batch', batch)).toEqual([]);
});
