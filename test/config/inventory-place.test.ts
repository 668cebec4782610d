import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { InventoryPlace } from '../../src/config/config.ts';
import { loadOffline } from '../../src/config/offline.ts';
import { type Env, folder, load, problems, TOKEN, where } from './stage.ts';

const OWN = 'sixteen-characters-or-more';
const PROFILE = { PROFILE_NAME: 'Frankfurt' };
const THERE = { INVENTORY_URL: 'http://keeper.example:8003' };

const tokenOf = (place: InventoryPlace) =>
  (place.kind === 'there' ? place.token : place.kind === 'here' ? place.listen?.token : null)?.reveal();

describe('the place of the inventory', () => {
  it('is here, and nobody else is served, unless something is said', () => {
    expect(load(PROFILE)).toMatchObject({
      inventory: { enabled: true },
      inventoryPlace: { kind: 'here', listen: null },
    });
  });

  it('is another agent, and then nothing is read here, though there is a profile name', () => {
    const config = load({ ...THERE, ...PROFILE });
    expect(config).toMatchObject({ profileName: 'Frankfurt', inventory: { enabled: false } });
    expect(config.inventoryPlace).toMatchObject({ kind: 'there', url: THERE.INVENTORY_URL });
    expect(config.warnings).toEqual([]);
  });

  it.each(['off', 'OFF', ' Off '])('is nowhere: %j', (INVENTORY_URL) => {
    expect(load({ INVENTORY_URL, ...PROFILE })).toMatchObject({
      inventory: { enabled: false },
      inventoryPlace: { kind: 'nowhere' },
    });
  });

  it('is here for a blank URL', () => {
    expect(load({ INVENTORY_URL: '  ', ...PROFILE }).inventory.enabled).toBe(true);
  });

  it.each([
    ['https://KEEPER.example:443/base/', 'https://keeper.example/base'],
    ['http://[::1]:8003', 'http://[::1]:8003'],
  ])('is a base URL: %s', (INVENTORY_URL, url) => {
    expect(load({ INVENTORY_URL }).inventoryPlace).toMatchObject({ url });
  });

  it.each([
    ['ftp://keeper', /does not start with http/],
    ['http://user:c4n4ry@keeper', /user name or a password/],
    ['http://keeper?c4n4ry', /query/],
    ['http://keeper/a/../b', /path/],
    ['none', /does not start with http/],
  ])('is not %s', (INVENTORY_URL, reason) => {
    const [problem, ...others] = problems({ INVENTORY_URL });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ where: 'INVENTORY_URL', reason: expect.stringMatching(reason) });
    expect(problem?.reason).not.toContain('c4n4ry');
  });

  it.each<Env>([THERE, { INVENTORY_URL: 'off' }])('is one place only: %j', (place) => {
    expect(where({ ...place, INVENTORY_PORT: '8003' })).toEqual(['INVENTORY_URL']);
    expect(where({ ...place, ...PROFILE, INVENTORY_ENABLED: 'true' })).toEqual(['INVENTORY_URL']);
    expect(load({ ...place, ...PROFILE, INVENTORY_ENABLED: 'false' }).inventory.enabled).toBe(false);
  });
});

describe('INVENTORY_PORT', () => {
  const port = { INVENTORY_PORT: '8003' };

  it('serves others, everywhere unless told otherwise', () => {
    const { inventoryPlace, warnings } = load({ ...port, ...PROFILE });
    expect(inventoryPlace).toMatchObject({ kind: 'here', listen: { host: '0.0.0.0', port: 8003 } });
    expect(warnings).toEqual([]);
    expect(load({ ...port, ...PROFILE, INVENTORY_HOST: '127.0.0.1' }).inventoryPlace).toMatchObject({
      listen: { host: '127.0.0.1' },
    });
  });

  it('is a port of its own', () => {
    expect(problems({ ...PROFILE, INVENTORY_PORT: '8001' })).toMatchObject([
      { where: 'INVENTORY_PORT', reason: 'is the same as ADMIN_PORT', example: '8002' },
    ]);
    const relay = { HTTP_RELAY: 'true', RELAY_TOKEN: OWN, RELAY_PORT: '8003' };
    expect(problems({ ...PROFILE, ...relay, ...port })).toMatchObject([
      { where: 'INVENTORY_PORT', reason: 'is the same as RELAY_PORT' },
    ]);
  });

  it('without an inventory is warned of', () => {
    expect(load(port).warnings).toEqual([expect.stringMatching(/^INVENTORY_PORT .*PROFILE_NAME/)]);
  });
});

describe('the token between the two', () => {
  const both = (env: Env) => [
    tokenOf(load({ ...env, ...THERE }).inventoryPlace),
    tokenOf(load({ ...env, ...PROFILE, INVENTORY_PORT: '8003' }).inventoryPlace),
  ];

  it('is made from the broker token on both sides', () => {
    const made = createHmac('sha256', TOKEN).update('bitbucket-agent inventory token v1').digest('hex');
    expect(both({})).toEqual([made, made]);
    const [other] = both({ BROKER_TOKEN: '99999999-2222-4333-8444-555555555555' });
    expect(other).not.toBe(made);
  });

  it('is the one that is set', () => {
    expect(both({ INVENTORY_TOKEN: OWN })).toEqual([OWN, OWN]);
    expect(where({ ...THERE, INVENTORY_TOKEN: 'short' })).toEqual(['INVENTORY_TOKEN']);
  });

  it('is known to the redaction and shown nowhere', () => {
    for (const env of [THERE, { ...PROFILE, INVENTORY_PORT: '8003' }]) {
      const config = load(env);
      const token = tokenOf(config.inventoryPlace) ?? '';
      expect(token).toHaveLength(64);
      expect(config.secrets().map((secret) => secret.reveal())).toContain(token);
      expect(JSON.stringify(config)).not.toContain(token);
    }
  });

  it('that nobody uses is warned of', () => {
    for (const env of [{}, { INVENTORY_URL: 'off' }])
      expect(load({ ...env, INVENTORY_TOKEN: OWN }).warnings).toEqual([
        expect.stringMatching(/^INVENTORY_TOKEN has no effect/),
      ]);
  });
});

it('the commands on rules need no token for it', () => {
  const env = { ...THERE, INVENTORY_TOKEN_FILE: '/nobody/reads/this' };
  expect(loadOffline({ env, cwd: folder }).config.inventoryPlace.kind).toBe('there');
});
