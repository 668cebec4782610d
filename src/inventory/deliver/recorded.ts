import { notNow } from '../../bitbucket/barrier.ts';
import type { CallRecord } from '../../call.ts';
import { AgentError, type ErrorCode } from '../../errors.ts';
import { recordedMs } from '../../recorded-call.ts';
import type { Destination } from './destination.ts';

export interface RecordedOptions {
  record(record: CallRecord): void;
  /** Why nothing is sent just now; `null` or left out: it is. */
  closed?(): ErrorCode | null;
  readonly now?: () => number;
}

/** The same destination; each try is recorded, with the batch's `Idempotency-Key` as its id. */
export function recorded(
  destination: Destination,
  { record, closed, now = performance.now.bind(performance) }: RecordedOptions,
): Destination {
  return {
    name: destination.name,
    path: destination.path,
    refusal: (reply, first) => destination.refusal(reply, first),
    async send(shipment, signal) {
      const started = now();
      const note = (rest: Pick<CallRecord, 'status' | 'code'>) =>
        record({
          requestId: shipment.key,
          method: 'POST',
          path: destination.path,
          allowed: true,
          ruleId: null,
          reason: 'allowed',
          bytes: shipment.body.length,
          ms: recordedMs(now() - started),
          ...rest,
        });
      try {
        const barrier = closed?.() ?? null;
        if (barrier !== null) throw notNow(barrier);
        const reply = await destination.send(shipment, signal);
        note({ status: reply.status });
        return reply;
      } catch (error) {
        note({ status: 0, code: error instanceof AgentError ? error.code : 'INTERNAL' });
        throw error;
      }
    },
  };
}
