import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LogLine, startAgent } from '../sandbox/agent-process.ts';
import type { BrokerServer } from '../sandbox/broker-server.ts';
import { startChild } from '../sandbox/child.ts';
import { until } from '../sandbox/deadline.ts';
import { freePort } from '../sandbox/free-port.ts';
import { startOfficialClient } from '../sandbox/official-client.ts';
import { makeTemporaryFolder } from '../sandbox/temporary-folder.ts';
import type { Contender } from './figure.ts';
import { LOGIN } from './places.ts';
import { cpuSecondsOf } from './process-usage.ts';

/** What a contender is given. */
export interface Surroundings {
  readonly broker: BrokerServer;
  readonly token: string;
  readonly bitbucketUrl: string;
  readonly acceptList: string;
  /** Further variables. */
  readonly env: Readonly<Record<string, string>>;
}

/** What it took from the start of the process until the server had its first socket identified: calls are relayed then. */
export interface StartSeen {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** A contender's process. */
export interface Program {
  readonly pid: number;
  readonly began: StartSeen;
  /** The last 64 KiB it wrote. */
  output(): string;
  /** Leaves no process and no file. Rejects when the agent does not end well. */
  end(): Promise<void>;
}

const IDENTIFIED_TIMEOUT_MS = 20_000;
const INVENTORY_TIMEOUT_MS = 60_000;
const SOCKETS = 2;

/** How each is started. Settles when it is identified and, for this agent, when its first inventory run is over. */
export const start: Readonly<Record<Contender, (given: Surroundings) => Promise<Program>>> = {
  agent,
  official,
  bare,
};

/** As users run it, with the defaults of all that can be left out. */
async function agent(given: Surroundings): Promise<Program> {
  const folder = makeTemporaryFolder('bench-agent');
  const accept = join(folder.path, 'accept.json');
  writeFileSync(accept, given.acceptList);
  const env: Record<string, string> = {
    ...wiring(given),
    STATE_DIR: folder.path,
    ACCEPT: accept,
    PROFILE_NAME: 'bench',
    PORT: String(await freePort()),
    ADMIN_PORT: String(await freePort()),
    ...given.env,
  };
  const begun = performance.now();
  const program = await startAgent({ env, cwd: folder.path });
  try {
    const began = await untilIdentified(given, program, begun);
    if (env.INVENTORY_URL === undefined && env.INVENTORY_ENABLED !== 'false') {
      await program.waitForLog(endsFirstInventory, INVENTORY_TIMEOUT_MS);
    }
    return {
      pid: program.pid,
      began,
      output: program.output,
      async end() {
        const { code, signal } = await program.terminate();
        folder.remove();
        if (code !== 0) throw new Error(`the agent ended with ${code ?? signal}\n${program.output()}`);
      },
    };
  } catch (error) {
    await program.close();
    folder.remove();
    throw error;
  }
}

/** Of a new state folder there are two runs, and the second one reads what the first has found more closely. */
const endsFirstInventory = ({ message, parts }: LogLine): boolean =>
  message === 'inventory run complete' && Array.isArray(parts) && parts.includes('enrichment');

/** With its defaults, but for what would ask hosts outside. */
async function official(given: Surroundings): Promise<Program> {
  const { broker, token, acceptList, env } = given;
  let began: StartSeen | undefined;
  const begun = performance.now();
  const client = await startOfficialClient({
    serverUrl: broker.url,
    token,
    accept: acceptList,
    env: { BITBUCKET_USERNAME: LOGIN.username, BITBUCKET_PASSWORD: LOGIN.password, ...env },
    async untilOpen(child) {
      began = await untilIdentified(given, child, begun);
    },
  });
  if (began === undefined) throw new Error('the official client was not looked at');
  return { pid: client.pid, began, output: client.output, end: client.close };
}

async function bare(given: Surroundings): Promise<Program> {
  const script = fileURLToPath(new URL('bare-agent.ts', import.meta.url));
  const begun = performance.now();
  const child = await startChild({
    args: [script],
    env: { ...wiring(given), ...given.env },
    cwd: process.cwd(),
  });
  try {
    const began = await untilIdentified(given, child, begun);
    return { pid: child.pid, began, output: child.output, end: child.kill };
  } catch (error) {
    await child.kill();
    throw error;
  }
}

const wiring = ({ broker, token, bitbucketUrl }: Surroundings) => ({
  BROKER_TOKEN: token,
  BROKER_SERVER_URL: broker.url,
  BITBUCKET_URL: bitbucketUrl,
  BITBUCKET_USERNAME: LOGIN.username,
  BITBUCKET_PASSWORD: LOGIN.password,
});

/** Until both its sockets are identified. Asks the server, not the contender, so that the asking costs it nothing. */
async function untilIdentified(
  { broker, token }: Surroundings,
  program: { readonly pid: number; readonly exited?: Promise<unknown>; output(): string },
  begun: number,
): Promise<StartSeen> {
  let first: StartSeen | undefined;
  let ended = false;
  void program.exited?.then(() => {
    ended = true;
  });
  const look = async () => {
    if (ended) throw new Error(`it ended before it was identified\n${program.output()}`);
    const seen = await broker.connectionStatus(token).catch(() => undefined);
    const identified = seen?.body.clients?.filter(({ version }) => version !== undefined).length ?? 0;
    if (identified === 0) return undefined;
    first ??= { cpuSeconds: cpuSecondsOf(program.pid), seconds: (performance.now() - begun) / 1000 };
    return identified < SOCKETS ? undefined : first;
  };
  return await until(look, {
    timeoutMs: IDENTIFIED_TIMEOUT_MS,
    what: 'both its sockets are identified at the server',
    everyMs: 10,
    detail: program.output,
  });
}
