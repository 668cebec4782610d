import { randomUUID } from 'node:crypto';
import { type Bitbucket, startBitbucket } from './bitbucket/server.ts';
import { type BrokerServer, startBrokerServer } from './broker-server.ts';
import { createEssentialsReceiver, type EssentialsReceiver } from './essentials-receiver.ts';
import { type Receiver, type ReceiverAnswer, startReceiver } from './receiver.ts';

const BATCHES = '/essentials/v1/batches';
const CONNECTIONS = /^\/hidden\/broker\/[0-9a-f]{64}\/connections\//;

export interface SurroundingsOptions {
  /** An address of this machine that the agents reach. Default 127.0.0.1. */
  readonly host?: string;
  /** Bitbucket gets this port, the broker server the next one, the Snyk API the one after. Default: free ones. */
  readonly firstPort?: number;
  /** Default: a new one. */
  readonly token?: string;
}

/** Everything that agents meet which run elsewhere, such as in a container or a cluster. */
export interface Surroundings {
  readonly bitbucket: Bitbucket;
  readonly broker: BrokerServer;
  /** Snyk's backend: what left through the tunnel, and what Snyk's side holds by it. */
  readonly backend: Receiver;
  readonly essentials: EssentialsReceiver;
  /** The Snyk API: assigns servers in high availability mode, and takes webhooks while no tunnel is open. */
  readonly api: Receiver;
  readonly token: string;
  /** What an agent needs to know of all this. */
  readonly agentEnv: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts a Bitbucket simulator, the real Snyk Broker server and a stand-in for the Snyk API; what was started is ended again when a part fails. */
export async function startSurroundings(options: SurroundingsOptions = {}): Promise<Surroundings> {
  const { host = '127.0.0.1', firstPort, token = randomUUID() } = options;
  const place = (number: number) => (firstPort === undefined ? { host } : { host, port: firstPort + number });
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    closers.push(() => part.close());
    return part;
  };
  try {
    const bitbucket = keep(await startBitbucket({ ...place(0), keepRequests: 0 }));
    const backend = keep(await startReceiver());
    const broker = keep(await startBrokerServer({ ...place(1), backendUrl: backend.url }));
    const api = keep(await startReceiver(place(2)));
    api.respond(({ url }) => (CONNECTIONS.test(url) ? assignment : {}));
    const essentials = createEssentialsReceiver();
    backend.respond((request) => (request.url === BATCHES ? essentials.respond(request) : {}));
    const agentEnv = {
      BROKER_TOKEN: token,
      BROKER_SERVER_URL: broker.url,
      API_BASE_URL: api.url,
      BITBUCKET_URL: bitbucket.url,
      BITBUCKET_USERNAME: 'agent',
      BITBUCKET_PASSWORD: 'agent-password',
    };
    return { bitbucket, broker, backend, essentials, api, token, agentEnv, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const assignment: ReceiverAnswer = { body: JSON.stringify({ data: { attributes: { server_id: '0' } } }) };
