import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import type { BrokerServer } from '../sandbox/broker-server.ts';
import { startDelayLink } from '../sandbox/delay-link.ts';
import { type Surroundings, start } from './contenders.ts';
import type { Field } from './field.ts';
import type { Contender } from './figure.ts';
import { type Asked, callAgainAndAgain } from './load.ts';

/** A contender whose way to the broker server is long, and who asks for its answers beside the server. */
export interface FarContender {
  readonly contender: Contender;
  /**
   * How long each call took from its start to the last byte, ms, sorted. Rejects when one is not answered with 200 and
   * as many bytes as `length`.
   */
  call(
    path: string,
    over: Asked['over'],
    how: { readonly calls: number; readonly atOnce: number; readonly length: number },
  ): Promise<number[]>;
  end(): Promise<void>;
}

export interface FarOptions {
  readonly field: Field;
  /** Speaks TLS. */
  readonly broker: BrokerServer;
  /** A file with what has signed its certificate. */
  readonly ca: string;
  /** Each way. */
  readonly delayMs: number;
}

/** Starts it; settles when it is identified. */
export async function startFar(contender: Contender, options: FarOptions): Promise<FarContender> {
  const { field, broker, ca, delayMs } = options;
  const link = await startDelayLink({ port: broker.port, delayMs });
  const token = randomUUID();
  const given: Surroundings = {
    broker: { ...broker, url: `https://127.0.0.1:${link.port}` },
    token,
    bitbucketUrl: field.bitbucketUrl,
    acceptList: field.acceptList,
    // What each knows of; the official client and the bare loop leave it to Node.
    env: contender === 'agent' ? { CA_CERT: ca } : { NODE_EXTRA_CA_CERTS: ca },
  };
  try {
    const program = await start[contender](given);
    const pool = new Pool(broker.url, { connect: broker.ca === null ? {} : { ca: broker.ca } });
    return {
      contender,
      async call(path, over, how) {
        try {
          return await callAgainAndAgain(pool, { path: `/broker/${token}${path}`, over }, how);
        } catch (error) {
          const detail = program.output().slice(-2048);
          throw new Error(`${contender} failed over the slow link\n${detail}`, { cause: error });
        }
      },
      async end() {
        await pool.destroy();
        try {
          await program.end();
        } finally {
          await link.close();
        }
      },
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}
