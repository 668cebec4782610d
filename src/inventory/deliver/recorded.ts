import type { CallRecord } from '../../call.ts';
import { AgentError } from '../../errors.ts';
import type { Destination } from './destination.ts';

/** The same destination; each try is recorded, with the batch's `Idempotency-Key` as its id. */
export function recorded(
  destination: Destination,
  record: (record: CallRecord) => void,
  now: () => number = performance.now.bind(performance),
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
          ms: Math.round((now() - started) * 100) / 100,
          ...rest,
        });
      try {
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
