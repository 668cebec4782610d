import { createHash } from 'node:crypto';
import type { Dispatcher as Transport } from 'undici';
import { failureCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { reconnectDelay } from './backoff.ts';

const ASK_MS = 5_000;

export interface HaOptions {
  readonly apiBaseUrl: string;
  readonly token: string;
  readonly clientId: string;
  /** `BROKER_CLIENT_LOCATION`: shown at Snyk. */
  readonly location: string;
  readonly transport: Transport;
  readonly log: Log;
  readonly random: () => number;
}

/**
 * High availability: Snyk's dispatcher says which broker server this process belongs to.
 * It is asked beside everything else: connections are made without a server id while it does not answer,
 * and `assigned` tells when one has come, so that they can be made again.
 */
export class ServerAssignment {
  readonly #options: HaOptions;
  readonly #assigned: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #serverId: string | null = null;

  constructor(options: HaOptions, assigned: () => void) {
    this.#options = options;
    this.#assigned = assigned;
  }

  get serverId(): string | null {
    return this.#serverId;
  }

  /** Asks now and, until there is an answer, again and again. Resolves after the first try, which takes 5 s at most. */
  async start(): Promise<void> {
    const since = Date.now();
    const attempt = async (count: number): Promise<void> => {
      this.#serverId = await this.#ask();
      if (this.#serverId !== null) {
        this.#options.log.info('dispatcher assigned a server', { serverId: this.#serverId });
        if (count > 0) this.#assigned();
        return;
      }
      if (this.#stopped) return;
      const delay = reconnectDelay(count, Date.now() - since, this.#options.random());
      this.#timer = setTimeout(() => void attempt(count + 1), delay);
    };
    await attempt(0);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<string | null> {
    const { apiBaseUrl, token, clientId, location, transport, log } = this.#options;
    const base = new URL(apiBaseUrl);
    const hash = createHash('sha256').update(token).digest('hex');
    const path = `${base.pathname.replace(/\/$/, '')}/hidden/broker/${hash}/connections/${clientId}?version=2022-12-01~experimental`;
    const attributes = { deployment_location: location, broker_token_first_char: token[0] };
    try {
      const response = await transport.request({
        origin: base.origin,
        path,
        method: 'POST',
        headers: { 'content-type': 'application/vnd.api+json' },
        body: JSON.stringify({ data: { attributes } }),
        signal: AbortSignal.timeout(ASK_MS),
      });
      const answer = (await response.body.json()) as { data?: { attributes?: { server_id?: unknown } } };
      const serverId = answer.data?.attributes?.server_id;
      if (typeof serverId === 'number' || (typeof serverId === 'string' && serverId !== ''))
        return String(serverId);
      log.warn('dispatcher gave no server id', { status: response.statusCode });
    } catch (error) {
      log.warn('dispatcher does not answer', { code: failureCode(error) });
    }
    return null;
  }
}
