import type { Agent } from 'node:http';
import WebSocket from 'ws';
import { encodePing, encodePong, type Frame, parseFrame } from './frames.ts';

/** How patient a socket is, in milliseconds. */
export interface Patience {
  /** From the first byte sent to the server's `identify`. */
  readonly handshakeMs: number;
  /** From one of the client's own pings to the next. */
  readonly pingMs: number;
  /** After a ping, something must come from the server within this time; at most `pingMs`. */
  readonly silenceMs: number;
}

/** A half-dead socket is noticed within 30 s: one that dies right after a ping was answered, at the end of the next. */
export const PATIENCE: Patience = { handshakeMs: 5_000, pingMs: 20_000, silenceMs: 10_000 };

/** How often the time of silence is granted again while something is still being sent. */
const LONGER_WHILE_SENDING = 5;
/** The server has this long to answer a goodbye. */
const GOODBYE_MS = 1_000;
/** Relayed request bodies are at most 10 MB, which base64 makes 14 MB. */
const MAX_INCOMING_BYTES = 32 * 1024 * 1024;

export interface SocketOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How to leave the host: through a proxy, with a private CA. */
  readonly agent: Agent | undefined;
  readonly patience: Patience;
  /** The server this socket leads to, in high availability mode; streamed answers must go there too. */
  readonly serverId: string | null;
}

export interface SocketListener {
  /** The server said `identify`: the socket is usable once the owner has identified itself too. */
  ready(socket: TunnelSocket): void;
  event(socket: TunnelSocket, name: string, args: readonly unknown[], id: number | null): void;
  ack(socket: TunnelSocket, id: number, args: readonly unknown[]): void;
  malformed(socket: TunnelSocket, reason: string): void;
  /** Taking a frame failed on a defect of this agent; the socket stays up. */
  defect(error: unknown): void;
  /** Called once, whatever happened, also when the socket never opened. */
  closed(socket: TunnelSocket, reason: string): void;
}

/** One websocket to the broker server, from connect to close. It never reconnects: its owner makes a new one. */
export class TunnelSocket {
  readonly serverId: string | null;
  readonly #websocket: WebSocket;
  readonly #listener: SocketListener;
  readonly #patience: Patience;
  #timer: NodeJS.Timeout;
  #heard = false;
  #ready = false;
  #over = false;

  constructor(options: SocketOptions, listener: SocketListener) {
    this.#listener = listener;
    this.#patience = options.patience;
    this.serverId = options.serverId;
    const { handshakeMs } = options.patience;
    this.#websocket = new WebSocket(options.url, {
      headers: options.headers,
      agent: options.agent,
      handshakeTimeout: handshakeMs,
      maxPayload: MAX_INCOMING_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#timer = setTimeout(() => this.destroy(`no handshake within ${handshakeMs} ms`), handshakeMs);
    this.#websocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    this.#websocket.on('error', (error) => this.destroy(describe(error)));
    this.#websocket.on('close', (code) => this.destroy(`closed by the server (${code})`));
  }

  /**
   * Sends one frame. `done` is told once when it is with the network, `lost` when it never will be:
   * at once on a socket that is over.
   */
  send(frame: string, done?: (lost: boolean) => void): void {
    if (this.#over) done?.(true);
    else this.#websocket.send(frame, done && ((error) => done(error != null)));
  }

  /** Ends the socket at once and tells the owner why. */
  destroy(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#websocket.terminate();
    this.#listener.closed(this, reason);
  }

  /**
   * Says goodbye: what was sent before still arrives, and what the server sends until it says goodbye too is still heard.
   * Nothing more can be sent.
   */
  close(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#websocket.close(1000);
    this.#timer = setTimeout(() => this.#websocket.terminate(), GOODBYE_MS);
    this.#websocket.once('close', () => {
      clearTimeout(this.#timer);
      this.#listener.closed(this, reason);
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#heard = true;
    if (isBinary) return this.#listener.malformed(this, 'binary frame');
    try {
      this.#take(parseFrame(data.toString('utf8')));
    } catch (error) {
      this.#listener.defect(error);
    }
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case 'event':
        return this.#event(frame.name, frame.args, frame.id);
      case 'ack':
        return this.#listener.ack(this, frame.id, frame.args);
      case 'ping':
        return this.send(encodePong(frame.payload));
      case 'malformed':
        return this.#listener.malformed(this, frame.reason);
      case 'close':
        return this.destroy('closed by the server (engine.io)');
      case 'server-close':
        return this.destroy('the server is going away');
      default:
    }
  }

  #event(name: string, args: readonly unknown[], id: number | null): void {
    if (name !== 'identify' || this.#ready) return this.#listener.event(this, name, args, id);
    this.#ready = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ping(), this.#patience.pingMs);
    this.#listener.ready(this);
  }

  #ping(): void {
    const { pingMs, silenceMs } = this.#patience;
    this.#heard = false;
    this.send(encodePing(Date.now()));
    this.#timer = setTimeout(() => this.#check(pingMs - silenceMs, LONGER_WHILE_SENDING), silenceMs);
  }

  /** A large answer on a slow uplink stands before the ping: then silence says nothing yet. */
  #check(nextPingMs: number, longer: number): void {
    const { silenceMs } = this.#patience;
    if (this.#heard) this.#timer = setTimeout(() => this.#ping(), nextPingMs);
    else if (this.#websocket.bufferedAmount > 0 && longer > 0)
      this.#timer = setTimeout(() => this.#check(nextPingMs, longer - 1), silenceMs);
    else this.destroy(`no answer to a ping within ${silenceMs} ms`);
  }
}

/** `ws` puts the server's status into its message; nothing of it holds the URL, which has the token in it. */
function describe(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}
