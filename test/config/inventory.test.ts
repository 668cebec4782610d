import { describe, expect, it } from '@jest/globals';
import { type Env, load, problems, where } from './stage.ts';

const PROFILE = { PROFILE_NAME: 'Frankfurt' };

describe('the inventory', () => {
  it.each<[Env, boolean]>([
    [{}, false],
    [PROFILE, true],
    [{ ...PROFILE, INVENTORY_ENABLED: 'false' }, false],
    [{ INVENTORY_ENABLED: 'no' }, false],
  ])('%j: enabled is %j', (env, enabled) => {
    expect(load(env).inventory.enabled).toBe(enabled);
  });

  it('that is on needs a profile name, and blanks are none', () => {
    expect(where({ INVENTORY_ENABLED: 'true' })).toEqual(['PROFILE_NAME']);
    expect(where({ INVENTORY_ENABLED: 'true', PROFILE_NAME: ' \t ' })).toEqual(['PROFILE_NAME']);
    expect(load({ PROFILE_NAME: '  ' })).toMatchObject({ profileName: null, inventory: { enabled: false } });
  });

  it('has a profile name of at most 200 characters', () => {
    expect(load({ PROFILE_NAME: 'x'.repeat(200) }).profileName).toHaveLength(200);
    expect(where({ PROFILE_NAME: 'x'.repeat(201) })).toEqual(['PROFILE_NAME']);
  });

  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['6 H', 21_600_000],
    ['24d', 2_073_600_000],
  ])('%s is %d ms', (text, ms) => {
    expect(load({ SYNC_REPOSITORIES_EVERY: text }).inventory.everyMs.repositories).toBe(ms);
  });

  it.each(['6', 'h', '0s', '25d', '-1h', '1.5h', '6h 30m', '9999999d'])('%s is no time', (text) => {
    expect(problems({ SYNC_USERS_EVERY: text })).toEqual([
      { where: 'SYNC_USERS_EVERY', reason: expect.stringContaining('such as 30m'), example: '7d' },
    ]);
  });

  it.each(['0', '65', 'eight', '8.0', ''.padEnd(12, '9')])('%s calls at once are refused', (text) => {
    expect(where({ BITBUCKET_CONCURRENCY: text })).toEqual(['BITBUCKET_CONCURRENCY']);
  });

  it('reads what is left out', () => {
    expect(
      load({
        INCLUDE_PROJECTS: 'PLAT, TEAM-*\n~*',
        EXCLUDE_PROJECTS: 'SAND?OX',
        OMIT_FIELDS: 'user.email repository.scm_project.name',
        PSEUDONYMISE: 'Users',
      }).inventory,
    ).toMatchObject({
      includeProjects: ['PLAT', 'TEAM-*', '~*'],
      excludeProjects: ['SAND?OX'],
      omitFields: ['user.email', 'repository.scm_project.name'],
      pseudonymise: true,
    });
  });

  it.each(['[A-Z]*', '!PLAT', 'A/B', '{A,B}'])('%s is no glob of a project key', (text) => {
    expect(where({ EXCLUDE_PROJECTS: text })).toEqual(['EXCLUDE_PROJECTS']);
  });

  it.each([
    'email',
    'user.username',
    'user.mail',
    'repository.full_name',
  ])('%s cannot be left out', (field) => {
    const [problem] = problems({ OMIT_FIELDS: `user.email,${field}` });
    expect(problem).toMatchObject({ where: 'OMIT_FIELDS', example: 'user.email,repository.description' });
    expect(problem?.reason).toMatch(new RegExp(`^${field} is no field .*user\\.email`));
  });
});

it('all fields that cannot be left out are told', () => {
  const [problem] = problems({ OMIT_FIELDS: 'user.foo,user.email,users.email,<script>' });
  expect(problem?.reason).toMatch(/^user\.foo, users\.email, an entry are no fields/);
});

describe('the delivery', () => {
  it.each(['/a/../b', '/./a', '//a', '/a//b', '/..', 'a', '/a?b', '/a b'])('has no path %s', (path) => {
    expect(where({ ESSENTIALS_PATH: path })).toEqual(['ESSENTIALS_PATH']);
  });

  it.each(['/', '/a', '/a/', '/essentials/v1.2/~x/batches', '/...'])('may have the path %s', (path) => {
    expect(load({ ESSENTIALS_PATH: path }).inventory.delivery.path).toBe(path);
  });

  it.each(['ftp', 'true', 'http'])('cannot be by %s', (by) => {
    expect(where({ ESSENTIALS_DELIVERY: by })).toEqual(['ESSENTIALS_DELIVERY']);
  });

  it('by https needs a URL, and keeps its token to itself', () => {
    expect(where({ ESSENTIALS_DELIVERY: 'https' })).toEqual(['ESSENTIALS_URL']);
    const config = load({
      ESSENTIALS_DELIVERY: 'HTTPS',
      ESSENTIALS_URL: 'https://inventory.example.com/v1/batches/',
      ESSENTIALS_TOKEN: 'a-long-token',
    });
    const { delivery } = config.inventory;
    expect(delivery).toMatchObject({ by: 'https', url: 'https://inventory.example.com/v1/batches' });
    expect(delivery.token?.reveal()).toBe('a-long-token');
    expect(config.secrets().map((secret) => secret.reveal())).toContain('a-long-token');
    expect(JSON.stringify(config)).not.toContain('a-long-token');
    expect(config.warnings).toEqual([]);
  });

  it('warns of what does nothing, or harm', () => {
    const url = 'http://inventory.example.com';
    expect(load({ ESSENTIALS_URL: url }).warnings).toEqual([expect.stringContaining('no effect')]);
    expect(load({ ESSENTIALS_DELIVERY: 'https', ESSENTIALS_URL: url }).warnings).toEqual([
      expect.stringContaining('unencrypted'),
    ]);
    expect(load({ ESSENTIALS_TOCKEN: 'x' }).warnings).toEqual([expect.stringContaining('ESSENTIALS_TOKEN?')]);
  });
});
