import { AgentError } from '../errors.ts';
import { type Pause, pause as realPause } from './pause.ts';
import type { Flight, Send } from './send.ts';

/** A page takes seconds; an answer that still comes after so long comes in drops. */
const WHOLE_ANSWER_MS = 10 * 60_000;

export interface TimeLimitOptions {
  /** From the call to the last byte of its answer; milliseconds, default 10 minutes. */
  readonly ms?: number;
  readonly pause?: Pause;
}

/** Ends an answer that is not whole in time with `DOWNSTREAM_TIMEOUT`, however steadily its bytes come. */
export function withTimeLimit(send: Send, options: TimeLimitOptions = {}): Send {
  const { ms = WHOLE_ANSWER_MS, pause = realPause } = options;
  return (request, sink) => {
    const timer = new AbortController();
    let flight: Flight | null = null;
    pause(ms, timer.signal).then(() => {
      if (timer.signal.aborted) return;
      timer.abort();
      flight?.cancel();
      const message = `Bitbucket's answer was not whole after ${ms / 60_000} minutes.`;
      sink.failed(new AgentError('DOWNSTREAM_TIMEOUT', message));
    });
    const over = () => timer.signal.aborted;
    const sent = send(request, {
      head: (status, headers) => {
        if (!over()) sink.head(status, headers);
      },
      data: (chunk) => over() || sink.data(chunk),
      end: () => {
        if (over()) return;
        timer.abort();
        sink.end();
      },
      failed: (error) => {
        if (over()) return;
        timer.abort();
        sink.failed(error);
      },
    });
    flight = sent;
    return {
      resume: () => sent.resume(),
      cancel: () => {
        timer.abort();
        sent.cancel();
      },
    };
  };
}
