import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startBrokerServer } from '../../../sandbox/broker-server.ts';
import { tunnelDestination } from '../../../src/inventory/deliver/tunnel-destination.ts';
import { Tunnel } from '../../../src/tunnel/tunnel.ts';
import { echo, recordingLog } from '../../kit/tunnel-pair.ts';
import { atTheEnd, endAll, network } from '../../kit/way-out.ts';
import { deliveryStage, held, repositories, users } from './delivery-stage.ts';

afterEach(endAll);

const PATH = '/essentials/v1/batches';

/** A delivery stage whose batches go through the real broker server. */
async function brokerStage() {
  const stage = await deliveryStage();
  const broker = await startBrokerServer({ backendUrl: stage.server.url });
  atTheEnd(() => broker.close());
  const token = randomUUID();
  const tunnel = new Tunnel({
    serverUrl: broker.url,
    token,
    filters: { public: [], private: [] },
    agentVersion: '1.2.3',
    highAvailability: null,
    network: network(),
    log: recordingLog(),
    serve: echo,
  });
  atTheEnd(() => tunnel.drain('test', 0));
  const destination = tunnelDestination(tunnel, { path: PATH, timeoutMs: 20_000 });
  /** Time enough for two sockets, not the minutes that a delivery takes. */
  const brief = { destination, pause: () => pause(20) };
  return { stage, broker, tunnel, token, brief };
}

describe('through the real broker server', () => {
  it('full batches arrive byte for byte, begun before the tunnel is open', async () => {
    const { stage, tunnel, brief } = await brokerStage();
    const world = {
      users: users(1, 600, `"quoted" Zoë ${'語'.repeat(650)}`),
      repositories: repositories(1, 5),
    };
    const run = stage.collect(world, 'snapshot');
    let starts = 0;
    const progress = ({ kind }: { kind: string }) => {
      if (kind !== 'again' || starts > 0) return;
      starts += 1;
      void tunnel.start();
    };
    expect(await stage.send(run, { ...brief, progress })).toMatchObject({ state: 'complete', batches: 3 });
    expect(starts).toBe(1);
    expect({ users: stage.model.users, repositories: stage.model.repositories }).toEqual(held(world));
    expect(stage.model.problems).toEqual([]);
    expect(Math.max(...stage.model.batches.map(({ bytes }) => bytes))).toBeGreaterThan(1_000_000);
    expect(stage.server.received.every(({ url }) => url === PATH)).toBe(true);
  });

  it('goes on after the server was killed under it', async () => {
    const { stage, broker, tunnel, token, brief } = await brokerStage();
    await tunnel.start();
    await broker.waitForClient(token, { timeoutMs: 10_000, sockets: 2 });
    const world = { users: users(1, 900), repositories: repositories(1, 5) };
    let restarted: Promise<void> | undefined;
    stage.server.respond(async (request) => {
      const answer = stage.model.respond(request);
      restarted ??= broker.restart();
      await restarted;
      return answer;
    });
    const result = await stage.send(stage.collect(world, 'snapshot'), brief);
    expect(result.state).toBe('complete');
    expect({ users: stage.model.users, repositories: stage.model.repositories }).toEqual(held(world));
    expect([stage.model.problems, stage.model.duplicates > 0]).toEqual([[], true]);
  });
});
