import type { Log } from '../log.ts';
import { reconnectDelay } from './backoff.ts';
import type { SocketListener, TunnelSocket } from './socket.ts';

/** A connection that lived this long was stable: the next outage starts from the shortest delay again. */
const STABLE_MS = 30_000;
const RENEW_AGAIN_MS = 30_000;

export type Role = 'primary' | 'secondary';

/** What a person or a probe may know of one connection. */
export interface ConnectionState {
  readonly role: Role;
  readonly open: boolean;
  /** Epoch milliseconds of the last change between open and not open. */
  readonly since: number;
  /** Sockets that were open and got lost. */
  readonly reconnects: number;
  readonly lastError: string | null;
}

export interface ConnectionOptions {
  readonly role: Role;
  /** Makes the next socket. */
  connect(role: Role, listener: SocketListener): TunnelSocket;
  /** Identifies this agent on a socket whose server has identified itself. */
  identify(socket: TunnelSocket, role: Role): void;
  readonly listener: Pick<SocketListener, 'event' | 'ack' | 'malformed' | 'defect'>;
  /** The socket leads to another server than it should by now. */
  outdated(socket: TunnelSocket): boolean;
  /** A socket was replaced: let it answer what is in flight on it, then close it. */
  retire(socket: TunnelSocket): void;
  /** An open socket is gone: nothing more can be sent on it. */
  lost(socket: TunnelSocket): void;
  readonly log: Log;
  readonly now: () => number;
  readonly random: () => number;
}

/** One role of the pair: keeps a socket open for ever, until stopped. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: TunnelSocket | null = null;
  /** On its way to replace the open one. */
  #next: TunnelSocket | null = null;
  #open = false;
  #leaving = false;
  #gone = () => {};
  #timer: NodeJS.Timeout | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #attempt = 0;
  #since: number;
  #outageSince: number;
  #reconnects = 0;
  #lastError: string | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#since = options.now();
    this.#outageSince = this.#since;
  }

  start(): void {
    if (!this.#leaving) this.#connect();
  }

  /** The socket that calls can be sent on, if there is one. */
  get socket(): TunnelSocket | null {
    return this.#open ? this.#socket : null;
  }

  get state(): ConnectionState {
    return {
      role: this.#options.role,
      open: this.#open,
      since: this.#since,
      reconnects: this.#reconnects,
      lastError: this.#lastError,
    };
  }

  /**
   * Replaces an open socket by a new one, for a server that should be reached by another way. The new one is opened
   * and identified first, so that calls go to it; the old one is handed to `retire`. Not open: the next attempt does it.
   */
  renew(): void {
    if (!this.#open || this.#leaving || this.#next !== null) return;
    const { role, connect, listener, log } = this.#options;
    this.#next = connect(role, {
      ...listener,
      ready: (socket) => this.#renewed(socket),
      closed: (socket, reason) => {
        if (socket !== this.#next) return this.#closed(socket, reason);
        this.#next = null;
        if (this.#leaving) return;
        log.warn('tunnel not renewed', { role, reason });
        this.#renewal = setTimeout(() => this.#renewOutdated(), RENEW_AGAIN_MS);
      },
    });
  }

  /** No further attempts; an open socket goes on serving. */
  leave(): void {
    this.#leaving = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    this.#next?.destroy('this agent stops');
    if (!this.#open) this.#socket?.destroy('this agent stops');
  }

  /** Leaves and closes the open socket; what was sent on it still arrives. Resolves when it is closed. */
  stop(): Promise<void> {
    this.leave();
    const socket = this.socket;
    if (socket === null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#gone = resolve;
      socket.close('this agent stops');
    });
  }

  #connect(): void {
    const { role, connect, listener } = this.#options;
    this.#socket = connect(role, {
      ...listener,
      ready: (ready) => this.#opened(ready),
      closed: (closed, reason) => this.#closed(closed, reason),
    });
  }

  #renewOutdated(): void {
    if (this.#socket !== null && this.#options.outdated(this.#socket)) this.renew();
  }

  #renewed(socket: TunnelSocket): void {
    const { role, identify, retire, log } = this.#options;
    const old = this.#socket;
    this.#next = null;
    if (!this.#open || old === null) return socket.destroy('the old one is gone, another is on its way');
    this.#socket = socket;
    identify(socket, role);
    log.info('tunnel renewed', { role });
    retire(old);
    this.#renewOutdated();
  }

  #opened(socket: TunnelSocket): void {
    if (socket !== this.#socket) return;
    const { role, identify, log, now } = this.#options;
    this.#open = true;
    this.#since = now();
    this.#lastError = null;
    identify(socket, role);
    log.info('tunnel open', { role, attempts: this.#attempt + 1 });
    this.#renewOutdated();
  }

  #closed(socket: TunnelSocket, reason: string): void {
    const { role, log, lost, now, random } = this.#options;
    if (socket !== this.#socket) return lost(socket);
    const wasOpen = this.#open;
    const time = now();
    this.#open = false;
    this.#socket = null;
    if (wasOpen) {
      lost(socket);
      if (time - this.#since >= STABLE_MS) {
        this.#attempt = 0;
        this.#outageSince = time;
      }
      this.#reconnects += 1;
      this.#since = time;
    }
    if (this.#leaving) {
      log.info('tunnel closed', { role, reason });
      return this.#gone();
    }
    this.#lastError = reason;
    const delayMs = reconnectDelay(this.#attempt, time - this.#outageSince, random());
    this.#attempt += 1;
    log.warn('tunnel down', { role, reason, retryInMs: delayMs, attempt: this.#attempt });
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }
}
