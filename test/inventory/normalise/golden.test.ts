import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createEntityIds } from '../../../src/inventory/entity-id.ts';
import { createNormaliser } from '../../../src/inventory/normalise/normaliser.ts';
import { schemaFlaws } from '../../kit/entity-schemas.ts';

const baseUrl = 'https://git.corp.example/bitbucket';
const ids = createEntityIds(baseUrl);
const normaliser = createNormaliser({ baseUrl });

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));
}

/** The resource, or why there is none. */
function outcome(type: 'user' | 'repository', raw: unknown): unknown {
  const made = normaliser[type](raw);
  return made.ok ? { type, id: ids(type, made.sourceId), attributes: made.attributes } : made.skip;
}

describe.each([
  ['repositories-7.21', 'repository'],
  ['repositories-9.4', 'repository'],
  ['users', 'user'],
  ['admin-users', 'user'],
] as const)('the page %s', (name, type) => {
  const { values } = fixture(name) as { values: unknown[] };
  const golden = fixture(`${name}.golden`) as Record<string, unknown>[];

  it('normalises to its golden records', () => {
    expect(values.map((raw) => outcome(type, raw))).toEqual(golden);
  });

  it('gives the same bytes each time', () => {
    const text = (): string => JSON.stringify(values.map((raw) => outcome(type, raw)));
    expect(text()).toBe(text());
  });

  it('has golden records as the schema describes them', () => {
    const resources = golden.filter((record) => 'attributes' in record);
    expect(resources.length).toBeGreaterThan(1);
    expect(resources.flatMap((resource) => schemaFlaws(type, resource))).toEqual([]);
  });
});
