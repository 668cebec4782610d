import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { Answer, Call } from '../call.ts';
import { AgentError, placeOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Network } from '../network/network.ts';
import { Connection, type ConnectionState, type Role } from './connection.ts';
import { encodeEvent } from './frames.ts';
import { identity } from './identify.ts';
import { Oddities } from './oddities.ts';
import { Outbound, type OutboundAnswer, type OutboundRequest } from './outbound.ts';
import { Requests } from './requests.ts';
import { ServerAssignment } from './server-assignment.ts';
import { socketUrl } from './server-url.ts';
import { PATIENCE, type Patience, type SocketListener, TunnelSocket } from './socket.ts';

const OUTBOUND_MS = 120_000;
/** Longer than the server's idle time is never needed; shorter than the usual idle limit of gateways, 60 s. */
const KEEP_ALIVE_MS = 45_000;
const CONNECT_MS = 10_000;
/** After `terminate`, and after another socket has taken over, calls that were on their way arrive for this long. */
const QUIET_MS = 250;
const POLL_MS = 20;
/** For the answers that say that there is no more time. */
const LAST_WORDS_MS = 1_000;

export interface TunnelOptions {
  readonly serverUrl: string;
  readonly token: string;
  /** The accept list as the server shows it at `/connection-status`; without secrets. */
  readonly filters: unknown;
  readonly agentVersion: string;
  /** Asks Snyk's dispatcher for a server, when high availability is on. */
  readonly highAvailability: { readonly apiBaseUrl: string; readonly location: string } | null;
  readonly network: Network;
  readonly log: Log;
  /** Serves one call; must bring its answer to an end. */
  serve(call: Call, answer: Answer): void;
  /** Hears what becomes of a call that is answered with an error before it is served. */
  turnedAway?(call: Call, code: 'BAD_REQUEST', answer: Answer): void;
  readonly patience?: Patience;
  readonly now?: () => number;
  readonly random?: () => number;
}

/**
 * The tunnel to the Snyk Broker server: two sockets, kept open for ever, calls coming in over either and answered,
 * requests going out. Several processes may share a token; the server sends each call to the newest socket.
 */
export class Tunnel {
  readonly #options: TunnelOptions;
  readonly #clientId = randomUUID();
  readonly #connections: readonly Connection[];
  readonly #requests: Requests;
  readonly #outbound = new Outbound();
  readonly #oddities: Oddities;
  readonly #dropped: Oddities;
  readonly #assignment: ServerAssignment | null;

  constructor(options: TunnelOptions) {
    const { log, network, now = Date.now, random = Math.random } = options;
    this.#options = options;
    this.#oddities = new Oddities(log, 'unexpected from the broker server');
    this.#dropped = new Oddities(log, 'left out of an answer');
    this.#assignment = this.#assign(random);
    const transport = this.#transport(new URL(options.serverUrl).origin);
    const { serve, serverUrl, token } = options;
    const defect = (error: unknown) => this.#defect(error);
    this.#requests = new Requests({
      serve,
      turnedAway: (call, code, answer) => options.turnedAway?.(call, code, answer),
      defect,
      serverUrl,
      token,
      transport,
      oddities: this.#oddities,
      dropped: this.#dropped,
    });
    const roles: readonly Role[] = ['primary', 'secondary'];
    this.#connections = roles.map(
      (role) =>
        new Connection({
          role,
          log,
          now,
          random,
          connect: (socketRole, listener) => this.#connect(network, socketRole, listener),
          identify: (socket, socketRole) => socket.send(encodeEvent('identify', this.#identity(socketRole))),
          listener: this.#listener(role),
          outdated: ({ serverId }) => serverId !== (this.#assignment?.serverId ?? null),
          retire: (socket) => void this.#retire(socket),
          lost: (socket) => this.#lost(socket),
        }),
    );
  }

  /** Begins to connect: at once, or when the dispatcher has answered or has let a second pass. */
  async start(): Promise<void> {
    await this.#assignment?.start();
    for (const connection of this.#connections) connection.start();
  }

  get state(): readonly ConnectionState[] {
    return this.#connections.map(({ state }) => state);
  }

  get open(): boolean {
    return this.#connections.some(({ socket }) => socket !== null);
  }

  /** Settles once a socket is open, the time is up or the signal is aborted. @returns whether one is open */
  async opened(signal: AbortSignal, limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (!this.open && !signal.aborted && performance.now() < deadline) await pause(POLL_MS);
    return this.open;
  }

  /** Calls that came in and are not answered yet. */
  get inFlight(): number {
    return this.#requests.size;
  }

  /** What answers could not carry and went without, by kind. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped.counts();
  }

  /** What the server sent that it should not have, by kind. */
  get oddities(): ReadonlyMap<string, number> {
    return this.#oddities.counts();
  }

  /**
   * Sends a request to Snyk's backend.
   *
   * @param signal gives the request up, so that `drain` does not wait for its answer
   * @throws AgentError `TUNNEL_CLOSED`, `TUNNEL_TIMEOUT`
   */
  async request(
    request: OutboundRequest,
    timeoutMs: number = OUTBOUND_MS,
    signal?: AbortSignal,
  ): Promise<OutboundAnswer> {
    const socket = this.#connections.find((connection) => connection.socket !== null)?.socket;
    if (!socket) throw new AgentError('TUNNEL_CLOSED', 'The tunnel to the Snyk Broker server is not open.');
    return this.#outbound.send(socket, request, timeoutMs, signal);
  }

  /**
   * Leaves without losing a call: tells the server, goes on answering what arrives, closes both sockets once no answer
   * needs them, and then waits for the answers that do not. After `limitMs` it leaves all the same.
   * A call that the server sends over the socket while the last one is being closed has no way back any more.
   */
  async drain(signal: string, limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs;
    this.#assignment?.stop();
    for (const connection of this.#connections) {
      connection.leave();
      connection.socket?.send(encodeEvent('terminate', { signal }));
    }
    const socketsNeeded = () => this.open && this.#requests.onSocket() + this.#outbound.size > 0;
    if (this.open) await pause(Math.min(QUIET_MS, limitMs));
    while (socketsNeeded() && Date.now() < deadline) await pause(POLL_MS);
    if (Date.now() >= deadline) await this.#giveUp();
    await Promise.all(this.#connections.map((connection) => connection.stop()));
    while (this.#requests.size > 0 && Date.now() < deadline) await pause(POLL_MS);
    await this.#giveUp();
  }

  /** The time is up: whoever still waits is told so. */
  async #giveUp(): Promise<void> {
    const { size } = this.#requests;
    if (size === 0) return;
    this.#options.log.warn('calls were still in flight at the end', { calls: size });
    this.#requests.giveUp();
    const deadline = Date.now() + LAST_WORDS_MS;
    while (this.#requests.size > 0 && Date.now() < deadline) await pause(POLL_MS);
  }

  /** The server may have sent calls on a replaced socket until it heard of the new one. Their own limits bound them. */
  async #retire(socket: TunnelSocket): Promise<void> {
    do await pause(QUIET_MS);
    while (this.#requests.onSocket(socket) + this.#outbound.onSocket(socket) > 0);
    socket.close('replaced by a new one');
  }

  #transport(origin: string): Dispatcher {
    return this.#options.network.dispatcher(origin, {
      connectTimeoutMs: CONNECT_MS,
      keepAliveMs: KEEP_ALIVE_MS,
    });
  }

  #assign(random: () => number): ServerAssignment | null {
    const { highAvailability, token, log } = this.#options;
    if (highAvailability === null) return null;
    const transport = this.#transport(new URL(highAvailability.apiBaseUrl).origin);
    const options = { ...highAvailability, token, clientId: this.#clientId, transport, log, random };
    return new ServerAssignment(options, () => {
      for (const connection of this.#connections) connection.renew();
    });
  }

  #connect(network: Network, role: Role, listener: SocketListener): TunnelSocket {
    const { serverUrl, token, agentVersion, patience = PATIENCE } = this.#options;
    const serverId = this.#assignment?.serverId ?? null;
    const url = socketUrl({ serverUrl, token, role, serverId });
    const headers = {
      'x-snyk-broker-client-id': this.#clientId,
      'x-snyk-broker-client-role': role,
      'x-broker-client-version': agentVersion,
      'snyk-request-id': randomUUID(),
    };
    return new TunnelSocket({ url, headers, agent: network.upgradeAgent(url), patience, serverId }, listener);
  }

  #identity(role: Role): unknown {
    const { token, filters, agentVersion } = this.#options;
    return identity({ token, filters, agentVersion, role, clientId: this.#clientId });
  }

  #listener(role: Role): Pick<SocketListener, 'event' | 'ack' | 'malformed' | 'defect'> {
    return {
      event: (socket, name, args, id) => this.#event(socket, role, name, args, id),
      ack: (socket, id, args) => {
        if (!this.#outbound.acknowledge(socket, id, args)) this.#oddities.note('acknowledgement for nothing');
      },
      malformed: (_socket, reason) => this.#oddities.note(reason),
      defect: (error) => this.#defect(error),
    };
  }

  #event(socket: TunnelSocket, role: Role, name: string, args: readonly unknown[], id: number | null): void {
    switch (name) {
      case 'request':
        return this.#requests.take(socket, role, args[0], id);
      case 'service':
        return this.#requests.refuseService(socket, id);
      case 'notification':
        return this.#notification(args[0]);
      default:
        this.#oddities.note('unknown event');
    }
  }

  #notification(argument: unknown): void {
    const { level, message } = (argument ?? {}) as { level?: unknown; message?: unknown };
    const text = typeof message === 'string' ? message.slice(0, 1_000) : 'without a text';
    if (level === 'error') this.#options.log.error('notification from Snyk', { text });
    else this.#options.log.warn('notification from Snyk', { text });
  }

  /** What failed stays standing; the place is told, without the values it failed on. */
  #defect(error: unknown): void {
    this.#options.log.error('defect', placeOf(error));
  }

  #lost(socket: TunnelSocket): void {
    this.#requests.lost(socket);
    this.#outbound.lost(socket);
  }
}
