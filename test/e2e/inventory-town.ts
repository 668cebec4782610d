import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentProcess } from '../../sandbox/agent-process.ts';
import { type Bitbucket, type BitbucketOptions, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import type { World } from '../../sandbox/bitbucket/world.ts';
import { createEssentialsReceiver, type EssentialsReceiver } from '../../sandbox/essentials-receiver.ts';
import { type Receiver, startReceiver } from '../../sandbox/receiver.ts';
import { moveOn } from './changed-world.ts';
import { type Ended, enough, makeWorkplace } from './lone-agent.ts';

type Variables = Readonly<Record<string, string>>;

/** A Bitbucket, an agent's state folder and a receiver that is reached over HTTP: no broker, so many may run at once. */
export interface Town {
  /** The one that is up now. */
  readonly bitbucket: Bitbucket;
  readonly receiver: Receiver;
  /** What the receiver holds. */
  readonly held: EssentialsReceiver;
  begin(args: readonly string[], env?: Variables): Promise<AgentProcess>;
  /** `sync --once` with further arguments. */
  sync(...more: readonly string[]): Promise<Ended>;
  /** Another world at the same address. */
  moveOn(world: World): Promise<void>;
  close(): Promise<void>;
}

/** @param variables laid over the agent's environment */
export async function startTown(options: BitbucketOptions, variables: Variables = {}): Promise<Town> {
  const { port: _port, world: _world, ...manners } = options;
  const workplace = makeWorkplace();
  let bitbucket = await startBitbucket(options);
  const receiver = await startReceiver();
  const held = createEssentialsReceiver({ received: receiver.received });
  receiver.respond(held.respond);
  const whole = {
    ...(await enough()),
    STATE_DIR: mkdtempSync(join(workplace.folder, 'state-')),
    BITBUCKET_URL: bitbucket.url,
    BITBUCKET_PAT: 'agent-token',
    PROFILE_NAME: 'town',
    ESSENTIALS_DELIVERY: 'https',
    ESSENTIALS_URL: `${receiver.url}/batches`,
    LOG_LEVEL: 'warn',
    ...variables,
  };
  return {
    get bitbucket() {
      return bitbucket;
    },
    receiver,
    held,
    begin: (args, env) => workplace.begin({ ...whole, ...env }, args),
    sync: (...more) => workplace.ended(whole, ['sync', '--once', ...more]),
    async moveOn(world) {
      bitbucket = await moveOn(bitbucket, world, manners);
    },
    async close() {
      await workplace.close();
      await bitbucket.close();
      await receiver.close();
    },
  };
}
