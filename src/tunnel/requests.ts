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
import { TextBudget } from './text-budget.ts';
import { encodeAnswer } from './wire-answer.ts';

export interface RequestsOptions {
  serve(call: Call, answer: Answer): void;
  /** Hears what becomes of a call that is answered with an error before it is served. */
  turnedAway?(call: Call, code: 'BAD_REQUEST', answer: Answer): void;
  /** Serving failed on a defect of this agent. */
  defect(error: unknown): void;
  readonly serverUrl: string;
  readonly token: string;
  readonly transport: Dispatcher;
  /** For what the server sent. */
  readonly oddities: Oddities;
  /** For what answers cannot carry. */
  readonly dropped: Oddities;
}

type InFlight = SocketAnswer | StreamAnswer;

/** The calls that came in and are not answered yet. */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #origin: string;
  readonly #budget = new TextBudget();
  readonly #inFlight = new Map<InFlight, TunnelSocket>();

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#origin = new URL(options.serverUrl).origin;
  }

  get size(): number {
    return this.#inFlight.size;
  }

  /** Answers that can only travel on this socket, or on any. */
  onSocket(socket?: TunnelSocket): number {
    let count = 0;
    for (const [answer, from] of this.#inFlight) {
      if (answer instanceof SocketAnswer && (socket === undefined || from === socket)) count += 1;
    }
    return count;
  }

  /** Takes one `request` event and sees to it that it gets exactly one answer. */
  take(socket: TunnelSocket, role: Role, argument: unknown, id: number | null): void {
    const incoming = readIncoming(argument);
    const answer = this.#answer(socket, role, incoming.streamingId, id);
    if (answer === null) return this.#options.oddities.note('request that asks for no answer');
    this.#inFlight.set(answer, socket);
    if (incoming.ok) return this.#serve(incoming.call, answer);
    this.#options.oddities.note(incoming.kind);
    this.#options.turnedAway?.(incoming.call, 'BAD_REQUEST', answer);
    const { head, body } = refusal('BAD_REQUEST', incoming.kind, incoming.call.requestId);
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

  /** Answers what is in flight with an error; what flows already is broken off. */
  giveUp(): void {
    const { head, body } = refusal('STOPPING', 'This agent is being stopped.');
    for (const answer of [...this.#inFlight.keys()]) answer.fail(head, body, 'STOPPING');
  }

  #serve(call: Call, answer: InFlight): void {
    try {
      this.#options.serve(call, answer);
    } catch (error) {
      this.#options.defect(error);
      const { head, body } = refusal('INTERNAL', 'This agent failed on the request.', call.requestId);
      answer.fail(head, body, 'INTERNAL');
    }
  }

  #answer(socket: TunnelSocket, role: Role, streamingId: string | null, id: number | null): InFlight | null {
    const { transport, serverUrl, token, dropped } = this.#options;
    const settled = () => this.#inFlight.delete(answer);
    let answer: InFlight;
    if (streamingId !== null) {
      const path = responsePath({ serverUrl, token, role, serverId: socket.serverId }, streamingId);
      answer = new StreamAnswer({ transport, origin: this.#origin, path }, dropped, settled);
    } else if (id !== null) {
      answer = new SocketAnswer({ socket, id, budget: this.#budget, dropped, settled });
    } else {
      return null;
    }
    return answer;
  }
}

function refusal(
  code: 'BAD_REQUEST' | 'INTERNAL' | 'STOPPING',
  message: string,
  requestId?: string,
): { head: AnswerHead; body: string } {
  const type = { 'content-type': 'application/json' };
  const headers = requestId === undefined ? type : { ...type, 'snyk-request-id': requestId };
  return {
    head: { status: HTTP_STATUS[code], headers, errorType: code },
    body: JSON.stringify({ code, message }),
  };
}
