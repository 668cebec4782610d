import { afterEach, describe, expect, it } from '@jest/globals';
import { openInventoryPort } from '../../src/agent/inventory-port.ts';
import { markRoad } from '../../src/agent/mark-road.ts';
import type { Config } from '../../src/config/config.ts';
import { forwardPull } from '../../src/inventory/keeper/forward.ts';
import { Marks } from '../../src/inventory/marks.ts';
import { createPull } from '../../src/inventory/pull/pull.ts';
import { AGENT_ORIGIN } from '../../src/rules/agent-origin.ts';
import { file, load } from '../config/stage.ts';
import { told } from '../inventory/keeper/stage.ts';
import { runOf, Shelf } from '../inventory/pull/shelf.ts';
import { atTheEnd, authority, endAll, network } from '../kit/way-out.ts';

afterEach(endAll);

const TOKEN = 'the-token-between-two-agents';
const place = { sourceId: 17, projectKey: 'PLAT', slug: 'gateway' };

function keeper(env: Readonly<Record<string, string>>) {
  const shelf = new Shelf();
  shelf.kept.push(runOf(1));
  const config = load({ PROFILE_NAME: 'x', INVENTORY_TOKEN: TOKEN, ...env });
  const pull = createPull(shelf.open, { entityId: (type, id) => `${type}-${id}` });
  const marks = new Marks({ now: Date.now });
  return { config, parts: { pull, marks }, marks };
}

const there = (url: string): Pick<Config, 'inventory' | 'inventoryPlace'> =>
  load({ INVENTORY_URL: url, INVENTORY_TOKEN: TOKEN });

describe('the inventory port', () => {
  it('is opened only where it is asked for', async () => {
    const { config, parts } = keeper({ INVENTORY_TOKEN: '' });
    expect(await openInventoryPort(config, parts, told().log)).toBeNull();
  });

  it('that cannot be opened names the variables that say where', async () => {
    const { config, parts } = keeper({ INVENTORY_PORT: '0', INVENTORY_HOST: '203.0.113.7' });
    await expect(openInventoryPort(config, parts, told().log)).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      hint: expect.stringMatching(/INVENTORY_PORT.*INVENTORY_HOST/),
    });
  });

  it('speaks https with the certificate of the other ports, and is reached by whoever trusts its CA', async () => {
    const { cert, key } = authority.issue(['localhost', '127.0.0.1']);
    const { config, parts, marks } = keeper({
      ...{ INVENTORY_PORT: '0', INVENTORY_HOST: '127.0.0.1' },
      ...{ HTTPS_CERT: file('tls.crt', String(cert)), HTTPS_KEY: file('tls.key', String(key)) },
    });
    const port = await openInventoryPort(config, parts, told().log);
    if (port === null) throw new Error('no port was opened');
    atTheEnd(() => port.close());
    const url = `https://127.0.0.1:${port.port}`;
    const { inventoryPlace, ...rest } = there(url);
    if (inventoryPlace.kind !== 'there') throw new Error('it is here');

    const statusBy = (extraCa: readonly string[]) =>
      new Promise<number | string>((resolve) => {
        forwardPull(
          network({ extraCa }),
          inventoryPlace,
          told().log,
        )(
          {
            origin: AGENT_ORIGIN,
            path: '/essentials/v1/runs',
            method: 'GET',
            headers: {},
            body: null,
            login: null,
          },
          { head: resolve, data: () => true, end: () => {}, failed: ({ code }) => resolve(code) },
        );
      });
    expect(await statusBy([authority.ca])).toBe(200);
    expect(await statusBy([])).toBe('INVENTORY_UNREACHABLE');

    const road = markRoad({ inventoryPlace, ...rest }, network({ extraCa: [authority.ca] }), told().log);
    road.start();
    expect(road.marks.add(place)).toBe(true);
    await road.drain();
    expect(marks.take()).toEqual([place]);
    await port.drain(100);
  });
});

describe('the road of marks', () => {
  it.each([
    [{}, false],
    [{ PROFILE_NAME: 'x' }, true],
    [{ PROFILE_NAME: 'x', INVENTORY_URL: 'off' }, false],
    [{ INVENTORY_URL: 'http://127.0.0.1:1' }, true],
  ])('with %j takes marks: %j', async (env, taken) => {
    const road = markRoad(load(env), network(), told().log);
    expect(road.marks.add(place)).toBe(taken);
    await road.drain();
  });
});
