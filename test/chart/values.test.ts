import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { OMISSIBLE_FIELDS } from '../../src/config/omissible.ts';
import { VARIABLES } from '../../src/config/schema.ts';
import { CHART } from './places.ts';

const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as object;
const validate = new Ajv({ strict: false }).compile(schema);

/** Whether the schema takes the chart's defaults with a value of the inventory changed. */
function takes(path: readonly string[], value: unknown): boolean {
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Record<string, unknown>;
  let place = values.inventory as Record<string, unknown>;
  for (const name of path.slice(0, -1)) place = place[name] as Record<string, unknown>;
  place[path.at(-1) ?? ''] = value;
  return validate(values);
}

describe("the schema of the chart's values beside the agent's own reader", () => {
  it.each([
    '6h',
    '24d',
    '1 s',
    '7D',
    '0s',
    '00d',
    '9999999d',
    '6',
    'weekly',
    '06h',
  ])('agrees on the interval %s, as far as form goes', (text) => {
    const own = VARIABLES.SYNC_USERS_EVERY.parse.safeParse(text).success;
    const tooLong = text === '9999999d';
    expect(takes(['every', 'users'], text)).toBe(own || tooLong);
  });

  it.each(['/essentials/v1/batches', '/a?b', '/a b', '/a#b', 'a'])('agrees on the path %s', (text) => {
    expect(takes(['delivery', 'path'], text)).toBe(VARIABLES.ESSENTIALS_PATH.parse.safeParse(text).success);
  });

  it('takes every field that can be left out, and no other', () => {
    expect(takes(['omitFields'], [...OMISSIBLE_FIELDS])).toBe(true);
    expect(takes(['omitFields'], ['user.shoe_size'])).toBe(false);
  });
});
