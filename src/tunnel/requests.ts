import type { Dispatcher } from 'undici';
import type { Answer, AnswerHead, Call } from '../call.ts';
import { HTTP_STATUS } from '../errors.ts';
import type { Role } from './connection.ts';
import { readIncoming } from './incoming.ts';
import type { Oddities } from './oddities.ts';
import { responsePath } from './server-url.ts';
import type { TunnelSocket } from './socket.ts';
import { SocketAnswer } from './socket-answer.ts';
import { StreamAnswer } from './stream-answer.ts';
import { encodeAnswer } from './wire-answer.ts';

export interface RequestsOptions {
  serve(call: Call, answer: Answer): void;
  readonly serverUrl: string;
  readonly token: string;
  readonly transport: Dispatcher;
  /** For what the server sent. */
  readonly oddities: Oddities;
  /** For what answers cannot carry. */
  readonly dropped: Oddities;
}

interface Origin {
  readonly role: Role;
  readonly serverId: string | null;
}

type InFlight = SocketAnswer | StreamAnswer;

/** The calls that came in and are not answered yet. */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #origin: string;
  readonly #inFlight = new Map<InFlight, TunnelSocket>();
  #lastArrival = 0;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#origin = new URL(options.serverUrl).origin;
  }

  get size(): number {
    return this.#inFlight.size;
  }

  /** Answers that can only travel on this socket. */
  on(socket: TunnelSocket): number {
    let count = 0;
    for (const [answer, from] of this.#inFlight)
      if (from === socket && answer instanceof SocketAnswer) count += 1;
    return count;
  }

  /** Epoch milliseconds. */
  get lastArrival(): number {
    return this.#lastArrival;
  }

  /** Takes one `request` event and sees to it that it gets exactly one answer. */
  take(socket: TunnelSocket, from: Origin, argument: unknown, id: number | null): void {
    this.#lastArrival = Date.now();
    const incoming = readIncoming(argument);
    const answer = this.#answer(socket, from, incoming.streamingId, id);
    if (answer === null) return this.#options.oddities.note('request that asks for no answer');
    this.#inFlight.set(answer, socket);
    if (incoming.ok) return this.#serve(incoming.call, answer);
    this.#options.oddities.note(incoming.kind);
    const { head, body } = refusal('BAD_REQUEST', incoming.kind, incoming.requestId);
    answer.fail(head, body, 'BAD_REQUEST');
  }

  /** `service` commands are for clients whose configuration lives at Snyk; the official classic client says 501 too. */
  refuseService(socket: TunnelSocket, id: number | null): void {
    if (id === null) return;
    const body = JSON.stringify({ ok: false, msg: 'Service commands are not available.' });
    const frame = encodeAnswer(id, { status: 501, headers: {} }, body, this.#options.dropped);
    if (frame !== null) socket.send(frame);
  }

  /** The socket is gone. Streamed answers do not need it; the others have lost their caller. */
  lost(socket: TunnelSocket): void {
    for (const [answer, from] of this.#inFlight) {
      if (from === socket && answer instanceof SocketAnswer) answer.abandon();
    }
  }

  #serve(call: Call, answer: InFlight): void {
    try {
      this.#options.serve(call, answer);
    } catch (error) {
      this.#options.oddities.note(`defect: ${error instanceof Error ? error.name : 'unknown'}`);
      const { head, body } = refusal('INTERNAL', 'This agent failed on the request.', call.requestId);
      answer.fail(head, body, 'INTERNAL');
    }
  }

  #answer(
    socket: TunnelSocket,
    from: Origin,
    streamingId: string | null,
    id: number | null,
  ): InFlight | null {
    const { transport, serverUrl, token, dropped } = this.#options;
    if (streamingId !== null) {
      const path = responsePath({ serverUrl, token, ...from }, streamingId);
      const answer: StreamAnswer = new StreamAnswer({ transport, origin: this.#origin, path }, dropped, () =>
        this.#inFlight.delete(answer),
      );
      return answer;
    }
    if (id === null) return null;
    const answer: SocketAnswer = new SocketAnswer(socket, id, dropped, () => this.#inFlight.delete(answer));
    return answer;
  }
}

function refusal(
  code: 'BAD_REQUEST' | 'INTERNAL',
  message: string,
  requestId: string,
): { head: AnswerHead; body: string } {
  const headers = { 'content-type': 'application/json', 'snyk-request-id': requestId };
  return {
    head: { status: HTTP_STATUS[code], headers, errorType: code },
    body: JSON.stringify({ code, message }),
  };
}
