import { Agent, type Dispatcher, request } from 'undici';
import { type BrokerTls, layOutBroker } from './broker-installation.ts';
import { type Child, startChild } from './child.ts';
import { until } from './deadline.ts';
import { freePort } from './free-port.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export interface BrokerServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Where the server sends what comes out through the tunnel. */
  readonly backendUrl: string;
  /** The name or address in the URLs. The server itself always listens on every interface. Default 127.0.0.1. */
  readonly host?: string;
  readonly tls?: BrokerTls;
  /** What agents may send on to the backend, as a path of the server's accept list. Default everything. */
  readonly clientPaths?: string;
  /** Further variables of the server. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What `/connection-status/{token}` answers. */
export interface ConnectionStatus {
  /** 200: a client is connected, 404: none is. */
  readonly status: number;
  readonly body: { ok?: boolean; clients?: { version?: string; filters?: unknown }[] };
}

/** The real Snyk Broker server, in a process of its own. */
export interface BrokerServer {
  readonly url: string;
  readonly port: number;
  /** Of the process running now; another one after `restart`. */
  readonly pid: number;
  /** The CA that callers and agents must trust, PEM text; `null` without TLS. */
  readonly ca: string | null;
  /** Where callers ask for `path` of the agent with this token. The path goes in as it is. */
  callUrl(token: string, path: string): string;
  connectionStatus(token: string): Promise<ConnectionStatus>;
  /** Until at least `sockets` (default 1) connections of this token have identified themselves. Rejects when time is up. */
  waitForClient(token: string, options: { timeoutMs: number; sockets?: number }): Promise<void>;
  /** Default SIGKILL. Settles when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Kills what still runs and starts anew on the same port; settles when it answers. */
  restart(): Promise<void>;
  /** The last 64 KiB of what the process running now has written. */
  log(): string;
  /** Leaves no process and no file. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;

/**
 * Starts the unmodified Snyk Broker server and waits until it answers.
 * Rejects with the end of its log when it does not come up in 20 s.
 */
export async function startBrokerServer(options: BrokerServerOptions): Promise<BrokerServer> {
  const { tls, host = '127.0.0.1' } = options;
  const port = options.port ?? (await freePort());
  const url = `${tls === undefined ? 'http' : 'https'}://${host}:${port}`;
  const folder = makeTemporaryFolder('broker');
  let watcher: Agent | undefined;
  try {
    const { args, env, ca } = layOutBroker(folder.path, options.backendUrl, tls, options.clientPaths);
    // pipelining 0: a new connection each time, so that none is left over from a server that was killed.
    watcher = new Agent({ pipelining: 0, connect: ca === null ? {} : { ca } });
    const whole = { LOG_LEVEL: 'info', ...options.env, ...env, PORT: String(port) };
    const start = () => startChild({ args, env: whole, cwd: folder.path });
    const program = new BrokerProgram(url, start, watcher);
    await program.start();
    return brokerServer(program, { url, port, ca }, () => folder.remove());
  } catch (error) {
    await watcher?.destroy();
    folder.remove();
    throw error;
  }
}

function brokerServer(
  program: BrokerProgram,
  facts: Pick<BrokerServer, 'url' | 'port' | 'ca'>,
  removeFiles: () => void,
): BrokerServer {
  return {
    ...facts,
    get pid() {
      return program.child.pid;
    },
    callUrl: (token, path) => `${facts.url}/broker/${token}${path}`,
    connectionStatus: (token) => program.connectionStatus(token),
    waitForClient: (token, wanted) => program.waitForClient(token, wanted),
    async kill(signal = 'SIGKILL') {
      program.child.signal(signal);
      await program.child.exited;
    },
    async restart() {
      await program.child.kill();
      await program.start();
    },
    log: () => program.child.output(),
    async close() {
      await program.child.kill();
      await program.watcher.destroy();
      removeFiles();
    },
  };
}

/** One server through all its restarts. */
class BrokerProgram {
  readonly url: string;
  readonly watcher: Dispatcher;
  readonly #spawn: () => Promise<Child>;
  #child: Child | undefined;

  constructor(url: string, spawn: () => Promise<Child>, watcher: Dispatcher) {
    this.url = url;
    this.#spawn = spawn;
    this.watcher = watcher;
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error('the Snyk Broker server was never started');
    return this.#child;
  }

  async start(): Promise<void> {
    const child = await this.#spawn();
    this.#child = child;
    try {
      await until(() => this.#answers(child), {
        timeoutMs: START_TIMEOUT_MS,
        what: 'the Snyk Broker server answers /healthcheck',
      });
    } catch (error) {
      await child.kill();
      throw new Error(`the Snyk Broker server did not start\n${child.output().slice(-4096)}`, {
        cause: error,
      });
    }
  }

  async #answers(child: Child): Promise<true | undefined> {
    if (!child.running) throw new Error('its process ended');
    const answer = await this.#get('/healthcheck').catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  }

  async connectionStatus(token: string): Promise<ConnectionStatus> {
    const { status, text } = await this.#get(`/connection-status/${token}`);
    return { status, body: JSON.parse(text) };
  }

  async waitForClient(token: string, wanted: { timeoutMs: number; sockets?: number }): Promise<void> {
    const { timeoutMs, sockets = 1 } = wanted;
    const look = async () => {
      const seen = await this.connectionStatus(token).catch(() => undefined);
      const identified = seen?.body.clients?.filter(({ version }) => version !== undefined).length ?? 0;
      return identified >= sockets ? true : undefined;
    };
    await until(look, { timeoutMs, what: `${sockets} connection(s) of an agent at the Snyk Broker server` });
  }

  async #get(path: string): Promise<{ status: number; text: string }> {
    const { statusCode, body } = await request(`${this.url}${path}`, { dispatcher: this.watcher });
    return { status: statusCode, text: await body.text() };
  }
}
