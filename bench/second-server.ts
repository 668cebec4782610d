import { fileURLToPath } from 'node:url';
import { type BrokerServer, type BrokerServerOptions, startBrokerServer } from '../sandbox/broker-server.ts';
import { startSide } from './side.ts';

const BACKEND = fileURLToPath(new URL('sync/receiver.ts', import.meta.url));

/**
 * Runs `work` with a broker server beside the one of the field, for what would disturb the others; it ends with it, and
 * so does the place of Snyk's backend behind it.
 */
export async function withSecondServer<T>(
  options: Pick<BrokerServerOptions, 'tls'>,
  work: (broker: BrokerServer) => Promise<T>,
): Promise<T> {
  const backend = await startSide([BACKEND]);
  try {
    const broker = await startBrokerServer({
      ...options,
      backendUrl: backend.url,
      env: { LOG_LEVEL: 'warn' },
    });
    try {
      return await work(broker);
    } finally {
      await broker.close();
    }
  } finally {
    await backend.kill();
  }
}
