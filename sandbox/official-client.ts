import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { layOutBroker } from './broker-installation.ts';
import { type Child, startChild } from './child.ts';
import { until } from './deadline.ts';
import { freePort } from './free-port.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export interface OfficialClientOptions {
  readonly serverUrl: string;
  readonly token: string;
  /** Its accept list: text as it is. */
  readonly accept: string;
  /** What the accept list's `${NAME}` stand for, and further variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settles when it counts as started. Default: when its own health check says so. */
  readonly untilOpen?: (child: Child) => Promise<void>;
}

/** The Snyk Broker client of the npm package `snyk-broker`, unmodified, in a process of its own. */
export interface OfficialClient {
  readonly pid: number;
  /** The last 64 KiB it wrote. */
  output(): string;
  /** SIGKILL; leaves no process and no file. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;

/** Starts it and waits until its tunnel is open. Rejects with the end of its log when that takes over 20 s. */
export async function startOfficialClient(options: OfficialClientOptions): Promise<OfficialClient> {
  const folder = makeTemporaryFolder('official');
  const port = await freePort();
  const { args, env } = layOutBroker(folder.path, options.serverUrl, undefined);
  const accept = join(folder.path, 'client-accept.json');
  writeFileSync(accept, options.accept);
  let child: Child | undefined;
  const close = async () => {
    await child?.kill();
    folder.remove();
  };
  try {
    child = await startChild({
      args: args.with(-1, 'client'),
      cwd: folder.path,
      env: {
        ...env,
        // Both would ask hosts outside.
        PREFLIGHT_CHECKS_ENABLED: 'false',
        IPV6_CONNECTIVITY_CHECK_ENABLED: 'false',
        LOG_LEVEL: 'info',
        ...options.env,
        BROKER_TYPE: 'client',
        BROKER_SERVER_URL: options.serverUrl,
        API_BASE_URL: options.serverUrl,
        BROKER_TOKEN: options.token,
        ACCEPT: accept,
        PORT: String(port),
      },
    });
    const program = child;
    await (options.untilOpen ?? healthy(port))(program);
    return { pid: program.pid, output: program.output, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const healthy = (port: number) => async (child: Child) => {
  await until(() => isOpen(child, port), {
    timeoutMs: START_TIMEOUT_MS,
    what: 'the official client is connected',
    detail: () => child.output().slice(-4096),
  });
};

async function isOpen(child: Child, port: number): Promise<true | undefined> {
  if (!child.running) throw new Error(`the official client ended\n${child.output().slice(-4096)}`);
  const dispatcher = new Agent({ pipelining: 0 });
  try {
    const answer = await request(`http://127.0.0.1:${port}/healthcheck`, { dispatcher }).catch(
      () => undefined,
    );
    await answer?.body.dump();
    return answer?.statusCode === 200 ? true : undefined;
  } finally {
    await dispatcher.destroy();
  }
}
