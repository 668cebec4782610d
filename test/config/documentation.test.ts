import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { IGNORED } from '../../src/config/official.ts';
import { declared, VARIABLES } from '../../src/config/schema.ts';

const root = new URL('../../', import.meta.url);
const doc = readFileSync(new URL('docs/configuration.md', root), 'utf8');
const example = readFileSync(new URL('config/.env.example', root), 'utf8');

/** The names in the first column of the document's tables, with the rest of their rows. */
const rows = new Map(
  [...doc.matchAll(/^\| `([A-Z0-9_]+)`(.*)$/gm)].map(([, name = '', rest = '']) => [name, rest] as const),
);
/** The names that the example sets, with their values. */
const lines = new Map(
  [...example.matchAll(/^#([A-Z0-9_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value] as const),
);

describe.each(Object.keys(VARIABLES))('%s', (name) => {
  const variable = declared(name);
  if (variable === undefined) throw new Error('not declared');

  it('has a row in docs/configuration.md with its meaning, default and origin', () => {
    const row = rows.get(name) ?? '';
    expect(row).toContain(variable.meaning);
    if (variable.default) expect(row).toContain(`| \`${variable.default}\` |`);
    if (variable.derived) expect(row).toContain(`| ${variable.derived} |`);
    expect(row.includes('| yes |')).toBe(variable.official === true);
    expect(row.includes('Secret.')).toBe(variable.secret === true);
    expect(row.startsWith(`, \`${name.toLowerCase()}\``)).toBe(variable.bothCases === true);
  });

  it('stands in config/.env.example with a valid value, its default where there is one', () => {
    const value = lines.get(name) ?? '';
    expect(variable.parse.safeParse(value).success).toBe(true);
    if (variable.default) expect(value).toBe(variable.default);
  });

  it('has a valid example and a valid default', () => {
    expect(variable.parse.safeParse(variable.example).success).toBe(true);
    if (variable.default !== undefined) expect(variable.parse.safeParse(variable.default).success).toBe(true);
  });
});

describe('documentation', () => {
  it('has no variable that is not declared', () => {
    expect([...rows.keys()].filter((name) => declared(name) === undefined && !(name in IGNORED))).toEqual([]);
    expect([...lines.keys()].filter((name) => declared(name) === undefined)).toEqual([]);
  });

  it('gives the reason for every ignored variable', () => {
    for (const [name, why] of Object.entries(IGNORED))
      expect([name, rows.get(name)]).toEqual([name, ` | ${why} |`]);
  });

  it('keeps config/.env.example in one region', () => {
    const api = lines.get('BROKER_SERVER_URL')?.replace('//broker.', '//api.');
    expect(api).toMatch(/^https:/);
    expect([lines.get('API_BASE_URL'), lines.get('BROKER_DISPATCHER_BASE_URL')]).toEqual([api, api]);
  });

  it('declares no variable that is also ignored', () => {
    expect(Object.keys(IGNORED).filter((name) => declared(name) !== undefined)).toEqual([]);
  });
});
