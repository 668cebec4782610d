import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { OMISSIBLE_FIELDS } from '../../../src/config/omissible.ts';
import type { RepositoryAttributes, UserAttributes } from '../../../src/inventory/entity.ts';
import { createEntityIds } from '../../../src/inventory/entity-id.ts';
import { enriched } from '../../../src/inventory/normalise/enriched.ts';
import { createPrivacy, type PrivacySettings } from '../../../src/inventory/privacy.ts';
import { schemaFlaws, schemaOf } from '../../kit/entity-schemas.ts';

const open: PrivacySettings = {
  includeProjects: [],
  excludeProjects: [],
  omitFields: [],
  pseudonymise: false,
};
const key = Buffer.alloc(32, 7);
const ids = createEntityIds('https://git.corp.example/bitbucket');

function golden<Attributes>(name: string): Attributes[] {
  const file = new URL(`../fixtures/${name}.golden.json`, import.meta.url);
  const records = JSON.parse(readFileSync(file, 'utf8')) as { attributes?: Attributes }[];
  return records.flatMap(({ attributes }) => attributes ?? []);
}

const users = golden<UserAttributes>('admin-users');
const repositories = golden<RepositoryAttributes>('repositories-7.21');
const fork = repositories.find((repository) => repository.fork) as RepositoryAttributes;
const jane = users[0] as UserAttributes;

describe('without settings', () => {
  it('shows everything', () => {
    const privacy = createPrivacy(open, null);
    expect(users.map((user) => privacy.user(user))).toEqual(users);
    expect(repositories.map((attributes) => privacy.repository({ attributes, parentKey: 'WEB' }))).toEqual(
      repositories,
    );
    expect(privacy.includes('~ANY')).toBe(true);
    expect(privacy.omits('user.email')).toBe(false);
  });
});

describe('projects', () => {
  it.each([
    [[], [], 'PLAT', true],
    [['plat'], [], 'PLAT', true],
    [['PLAT'], [], 'PLATFORM', false],
    [['PLAT*', 'X'], [], 'platform', true],
    [['P?'], [], 'P1', true],
    [['P?'], [], 'P', false],
    [['*'], ['~*'], '~JANE.DOE', false],
    [[], ['~*'], '~jane/doe', false],
    [[], ['~*'], 'TILDE~', true],
    [['~jane.doe'], [], '~JANE_DOE', false],
    [['SEC*'], ['SECRET'], 'SECRET', false],
    [['SEC*'], ['SECRET'], 'SECTOR', true],
    [['A.B'], [], 'AXB', false],
    [['[AB]'], [], 'A', false],
    [['*'], ['.*'], '.HIDDEN', false],
  ])('of %j without %j: %s %s', (includeProjects, excludeProjects, projectKey, answer) => {
    const privacy = createPrivacy({ ...open, includeProjects, excludeProjects }, null);
    expect([privacy.includes(projectKey), privacy.includes(projectKey)]).toEqual([answer, answer]);
  });

  it('that are kept out are not named by the forks of their repositories', () => {
    const privacy = createPrivacy({ ...open, excludeProjects: ['web'] }, null);
    expect(privacy.repository({ attributes: fork, parentKey: 'WEB' })).toEqual({ ...fork, parent: null });
    expect(privacy.repository({ attributes: fork, parentKey: 'OTHER' }).parent).toBe(fork.parent);
  });

  it.each([
    [{}, fork.parent],
    [{ excludeProjects: ['web'] }, null],
    [{ includeProjects: ['*'] }, null],
  ])('that may be kept out are not named either: %j', (settings, parent) => {
    const privacy = createPrivacy({ ...open, ...settings }, null);
    expect(privacy.repository({ attributes: fork, parentKey: null }).parent).toBe(parent);
  });

  it.each([
    [[], [], null],
    [['PLAT', '~jo'], [], ['PLAT', '~jo']],
    [['PLAT', 'web'], ['W*'], ['PLAT']],
    [['PLAT', 'W*'], [], null],
    [['PLA?'], [], null],
  ])('are known by name where each is named: %j without %j', (includeProjects, excludeProjects, keys) => {
    const privacy = createPrivacy({ ...open, includeProjects, excludeProjects }, null);
    expect(privacy.includedKeys).toEqual(keys);
  });
});

describe('a field that is left out', () => {
  it.each(OMISSIBLE_FIELDS)('%s is not there, and all else is', (field) => {
    const privacy = createPrivacy({ ...open, omitFields: [field] }, null);
    const [type = '', name = '', part] = field.split('.');
    const whole: UserAttributes | RepositoryAttributes = type === 'user' ? jane : fork;
    const sent =
      type === 'user' ? privacy.user(jane) : privacy.repository({ attributes: fork, parentKey: null });
    const expected = structuredClone(whole) as unknown as Record<string, unknown>;
    if (part === undefined) delete expected[name];
    else delete (expected[name] as Record<string, unknown>)[part];
    expect(sent).toEqual(expected);
    expect(Object.keys(sent)).toEqual(Object.keys(expected));
    expect(privacy.omits(field)).toBe(true);
    expect(
      schemaFlaws(type as 'user' | 'repository', { type, id: ids('user', 1), attributes: sent }),
    ).toEqual([]);
  });

  it('does not come back with the enrichment', () => {
    const omitFields = ['repository.labels', 'repository.last_commit_at'] as const;
    const privacy = createPrivacy({ ...open, omitFields }, null);
    const kept = privacy.enrichment({
      labels: ['secret'],
      last_commit_at: '2025-01-01T00:00:00.000Z',
      default_branch_name: 'main',
    });
    expect(kept).toEqual({ default_branch_name: 'main' });
    const sent = privacy.repository({ attributes: fork, parentKey: null });
    expect(enriched(sent, kept, Date.now())).toEqual({ ...sent, default_branch_name: 'main' });
  });
});

describe('the schemas', () => {
  it.each([
    'user',
    'repository',
  ] as const)('of a %s: what is not required can be left out, and nothing else', (type) => {
    const { properties } = schemaOf(type) as {
      properties: { attributes: { required: string[]; properties: Record<string, unknown> } };
    };
    const { required, properties: attributes } = properties.attributes;
    const omissible = OMISSIBLE_FIELDS.filter((field) => field.startsWith(`${type}.`))
      .map((field) => field.slice(type.length + 1))
      .filter((field) => !field.includes('.'));
    expect(required.filter((name) => omissible.includes(name))).toEqual([]);
    expect([...omissible, ...required].sort()).toEqual(Object.keys(attributes).sort());
    expect(Object.keys(attributes)).toEqual(Object.keys(type === 'user' ? jane : fork));
  });
});

describe('the fingerprint', () => {
  const of = (settings: Partial<PrivacySettings>, with_: Buffer | null = null): string =>
    createPrivacy({ ...open, ...settings }, with_).fingerprint;

  it('differs with every setting and with the key', () => {
    const all = [
      of({}),
      of({ includeProjects: ['A'] }),
      of({ excludeProjects: ['A'] }),
      of({ omitFields: ['user.email'] }),
      of({ omitFields: ['user.email', 'user.slug'] }),
      of({ pseudonymise: true }, key),
      of({ pseudonymise: true }, Buffer.alloc(32, 8)),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('stays where the settings mean the same', () => {
    expect(of({ includeProjects: ['a', 'B'] })).toBe(of({ includeProjects: ['b', 'A', 'b'] }));
    expect(of({ omitFields: ['user.url', 'user.slug'] })).toBe(of({ omitFields: ['user.slug', 'user.url'] }));
    expect(of({}, key)).toBe(of({}));
  });

  it('does not give the key away', () => {
    expect(of({ pseudonymise: true }, key)).not.toContain(key.toString('hex'));
  });
});
