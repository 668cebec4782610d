import type { Agent } from 'node:http';
import WebSocket from 'ws';
import { encodePing, encodePong, type Frame, parseFrame } from './frames.ts';

/** How patient a socket is, in milliseconds. */
export interface Patience {
  /** From the first byte sent to the server's `identify`. */
  readonly handshakeMs: number;
  /** From one of the client's own pings to the next. */
  readonly pingMs: number;
  /** Something must come from the server at least so often. */
  readonly silenceMs: number;
}

/**
 * The server sends a ping of its own every 25 s, whatever is on its way to it: so a socket on which nothing is heard
 * for longer is dead, and one whose uplink is busy with a large answer is not. The answers to the client's own pings
 * only come on top.
 */
export const PATIENCE: Patience = { handshakeMs: 5_000, pingMs: 20_000, silenceMs: 33_000 };

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
  #silence: NodeJS.Timeout | undefined;
  #heardAt = 0;
  #ready = false;
  /** Nothing more can be sent. */
  #over = false;
  /** Nothing more is heard either. */
  #dead = false;

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
   * Sends one frame. `done` is told once, never from within: the frame is with the network, or it is `lost`.
   */
  send(frame: string, done?: (lost: boolean) => void): void {
    if (this.#over) done && setImmediate(done, true);
    else this.#websocket.send(frame, done && ((error) => done(error != null)));
  }

  /** Ends the socket at once and tells the owner why. */
  destroy(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#dead = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
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
    clearTimeout(this.#silence);
    this.#websocket.close(1000);
    this.#timer = setTimeout(() => this.#websocket.terminate(), GOODBYE_MS);
    this.#websocket.once('close', () => {
      clearTimeout(this.#timer);
      this.#listener.closed(this, reason);
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#dead) return;
    this.#heardAt = Date.now();
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
    this.#listen();
    this.#listener.ready(this);
  }

  #ping(): void {
    this.send(encodePing(Date.now()));
    this.#timer = setTimeout(() => this.#ping(), this.#patience.pingMs);
  }

  #listen(): void {
    const { silenceMs } = this.#patience;
    const left = this.#heardAt + silenceMs - Date.now();
    if (left <= 0) return this.destroy(`nothing heard for ${silenceMs} ms`);
    this.#silence = setTimeout(() => this.#listen(), left);
  }
}

/** `ws` puts the server's status into its message; nothing of it holds the URL, which has the token in it. */
function describe(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}
