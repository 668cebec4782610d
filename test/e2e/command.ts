import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentProcess, startAgent } from '../../sandbox/agent-process.ts';
import { createEssentialsReceiver, type EssentialsReceiver } from '../../sandbox/essentials-receiver.ts';
import type { ReceivedRequest } from '../../sandbox/receiver.ts';
import { type Stage, type StageOptions, startStage } from '../../sandbox/stage.ts';
import type { Ended } from './lone-agent.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** A stage in which commands are started, each test with a state folder of its own. */
export interface CommandStage {
  readonly stage: Stage;
  /** A new state folder and a receiver that has nothing; Bitbucket without faults. */
  fresh(): Workbench;
  close(): Promise<void>;
}

export interface Workbench {
  readonly stateDir: string;
  readonly receiver: EssentialsReceiver;
  /** What came to the receiver since the workbench was made. */
  received(): readonly ReceivedRequest[];
  /** Starts a command; `undefined` takes a variable away. */
  begin(args: readonly string[], overlay?: Variables): Promise<AgentProcess>;
  /** Waits for a command to end by itself. */
  ended(args: readonly string[], overlay?: Variables): Promise<Ended>;
  /** `sync --once` with further arguments. */
  sync(...more: readonly string[]): Promise<Ended>;
}

export async function startCommandStage(options: StageOptions = {}): Promise<CommandStage> {
  const stage = await startStage({ ...options, withAgent: false });
  const agents: AgentProcess[] = [];
  return {
    stage,
    fresh: () => workbench(stage, agents),
    async close() {
      await Promise.all(agents.map((agent) => agent.close()));
      await stage.close();
    },
  };
}

function workbench(stage: Stage, agents: AgentProcess[]): Workbench {
  const cwd = stage.agentEnv.STATE_DIR ?? '';
  const stateDir = mkdtempSync(join(cwd, 'state-'));
  const receiver = createEssentialsReceiver({ received: stage.receiver.received });
  stage.receiver.respond(receiver.respond);
  stage.bitbucket.faults.clear();
  stage.bitbucket.requests.length = 0;
  const from = stage.receiver.received.length;
  const begin: Workbench['begin'] = async (args, overlay = {}) => {
    const all = { ...stage.agentEnv, STATE_DIR: stateDir, LOG_LEVEL: 'warn', ...overlay };
    const env = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const agent = await startAgent({ env: Object.fromEntries(env), cwd, args });
    agents.push(agent);
    return agent;
  };
  const ended: Workbench['ended'] = async (args, overlay) => {
    const agent = await begin(args, overlay);
    return { ...(await agent.exited), output: agent.output() };
  };
  return {
    stateDir,
    receiver,
    received: () => stage.receiver.received.slice(from),
    begin,
    ended,
    sync: (...more) => ended(['sync', '--once', ...more]),
  };
}

/** What the closing table says behind a label, such as `sent`. */
export function told(output: string, label: string): string | undefined {
  return new RegExp(`^${label.padEnd(14)}(.*)$`, 'm').exec(output)?.[1];
}

export const bodyOf = (request: ReceivedRequest) => JSON.parse(request.body.toString('utf8'));

/** Every file below a folder, by its path there. */
export function filesIn(folder: string): Record<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1), readFileSync(path)];
    }),
  );
}

/** The same of a state folder, without the audit trail: every command adds to that. */
export const stateFilesIn = (folder: string): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(filesIn(folder)).filter(([name]) => !name.startsWith('audit/')));

/** What a test can hold back and let go. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: () => resolve() };
}
