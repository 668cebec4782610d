import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentProcess, startAgent } from './agent-process.ts';
import { type Bitbucket, startBitbucket } from './bitbucket/server.ts';
import { type BrokerServer, type BrokerServerOptions, startBrokerServer } from './broker-server.ts';
import { type CallAnswer, Caller, type CallOptions, type OpenAnswer } from './caller.ts';
import { freePort } from './free-port.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export interface StageOptions {
  readonly bitbucket?: NonNullable<Parameters<typeof startBitbucket>[0]>;
  readonly broker?: Omit<BrokerServerOptions, 'backendUrl'>;
  /** Laid over the agent's environment; `undefined` takes a variable away. */
  readonly agentEnv?: Readonly<Record<string, string | undefined>>;
  /** What the agent is run from. Default `dist`. */
  readonly entry?: 'dist' | 'src';
  /** `false`: everything but the agent; `agentEnv` and `startAgent` are for the test to use. Default true. */
  readonly withAgent?: boolean;
}

/** Bitbucket, the agent, the real Snyk Broker server and the place of Snyk's backend, wired together on loopback. */
export interface Stage {
  readonly bitbucket: Bitbucket;
  readonly receiver: Receiver;
  readonly broker: BrokerServer;
  /** The agent that started last. Throws when there was none. */
  readonly agent: AgentProcess;
  readonly token: string;
  /** The agent's whole environment. */
  readonly agentEnv: Readonly<Record<string, string>>;
  /** Where the agent's public port is: webhooks, health. */
  readonly agentUrl: string;
  /** Calls the agent through the broker server. The path goes out as it is; an answer broken off rejects. */
  call(path: string, options?: CallOptions): Promise<CallAnswer>;
  /** The same, with the body as a stream. Who takes it must read it to its end or destroy it. */
  open(path: string, options?: CallOptions): Promise<OpenAnswer>;
  /** Starts an agent, with further variables laid over `agentEnv`, and waits until it takes calls. */
  startAgent(env?: Readonly<Record<string, string>>): Promise<AgentProcess>;
  /** Ends everything, the agent by SIGKILL, and leaves no process and no file. */
  close(): Promise<void>;
}

/** The Bitbucket user of the agent, one of those the simulator knows unless told otherwise. */
const LOGIN = { BITBUCKET_USERNAME: 'agent', BITBUCKET_PASSWORD: 'agent-password' };

const CONNECT_TIMEOUT_MS = 25_000;

/** Starts all parts and waits until a call can be made. What was started is ended again when a part fails. */
export async function startStage(options: StageOptions = {}): Promise<Stage> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  try {
    const stage = await raise(options, closers, close);
    if (options.withAgent !== false) await stage.startAgent();
    return stage;
  } catch (error) {
    await close();
    throw error;
  }
}

async function raise(
  options: StageOptions,
  closers: (() => unknown)[],
  close: Stage['close'],
): Promise<Stage> {
  const folder = makeTemporaryFolder('stage');
  closers.push(() => folder.remove());
  const bitbucket = await startBitbucket(options.bitbucket ?? {});
  closers.push(() => bitbucket.close());
  const receiver = await startReceiver();
  closers.push(() => receiver.close());
  const broker = await startBrokerServer({ ...options.broker, backendUrl: receiver.url });
  closers.push(() => broker.close());
  const token = randomUUID();
  const caller = new Caller(broker.url, broker.ca, (path) => `/broker/${token}${path}`);
  closers.push(() => caller.close());
  const agentEnv = await environment(options.agentEnv, {
    BROKER_TOKEN: token,
    BROKER_SERVER_URL: broker.url,
    BITBUCKET_URL: bitbucket.url,
    STATE_DIR: folder.path,
    ...trust(broker.ca, folder.path),
  });

  let agent: AgentProcess | undefined;
  return {
    bitbucket,
    receiver,
    broker,
    token,
    agentEnv,
    agentUrl: `${agentEnv.HTTPS_CERT === undefined ? 'http' : 'https'}://127.0.0.1:${agentEnv.PORT}`,
    get agent() {
      if (agent === undefined) throw new Error('this stage has no agent yet');
      return agent;
    },
    call: (path, how) => caller.call(path, how),
    open: (path, how) => caller.open(path, how),
    async startAgent(env = {}) {
      const started = await startAgent({
        env: { ...agentEnv, ...env },
        cwd: folder.path,
        entry: options.entry ?? 'dist',
      });
      closers.push(() => started.close());
      agent = started;
      await started.ready();
      await broker.waitForClient(token, { timeoutMs: CONNECT_TIMEOUT_MS });
      return started;
    },
    close,
  };
}

async function environment(
  overlay: StageOptions['agentEnv'],
  wiring: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const env: Record<string, string | undefined> = {
    ...LOGIN,
    PORT: String(await freePort()),
    ADMIN_PORT: String(await freePort()),
    PROFILE_NAME: 'demo',
    INVENTORY_ENABLED: 'false',
    LOG_LEVEL: 'info',
    ...wiring,
    ...overlay,
  };
  const present = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(present);
}

/** Has the agent trust the broker server's authority; who has more than one lays a `CA_CERT` over it. */
function trust(ca: string | null, folder: string): Record<string, string> {
  if (ca === null) return {};
  const path = join(folder, 'broker-ca.pem');
  writeFileSync(path, ca);
  return { CA_CERT: path };
}
