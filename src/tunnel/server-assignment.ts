import { createHash } from 'node:crypto';
import type { Dispatcher as Transport } from 'undici';
import { failureCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { reconnectDelay } from './backoff.ts';

const ASK_MS = 5_000;
/** Connecting waits for the dispatcher this long, so that in the usual case it is done once. */
const PATIENCE_MS = 1_000;

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
  /** Connections are being made without a server id. */
  #late = false;
  #serverId: string | null = null;

  constructor(options: HaOptions, assigned: () => void) {
    this.#options = options;
    this.#assigned = assigned;
  }

  get serverId(): string | null {
    return this.#serverId;
  }

  /** Asks now and, until there is an answer, again and again. Resolves with the first try, or when that takes too long. */
  async start(): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, PATIENCE_MS);
    await Promise.race([this.#attempt(0, Date.now()), patience.promise]);
    clearTimeout(timer);
    this.#late = true;
  }

  async #attempt(count: number, since: number): Promise<void> {
    this.#serverId = await this.#ask();
    if (this.#stopped) return;
    if (this.#serverId === null) {
      const delay = reconnectDelay(count, Date.now() - since, this.#options.random());
      this.#timer = setTimeout(() => void this.#attempt(count + 1, since), delay);
      return;
    }
    this.#options.log.info('dispatcher assigned a server', { serverId: this.#serverId });
    if (this.#late) this.#assigned();
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
      if (response.statusCode !== 200 && response.statusCode !== 201) {
        await response.body.dump();
        log.warn('dispatcher gave no server id', { status: response.statusCode });
        return null;
      }
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
