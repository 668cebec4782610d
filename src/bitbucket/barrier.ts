import { AgentError, type ErrorCode } from '../errors.ts';
import type { Send } from './send.ts';

/** What a call or a try ends with that may not go out just now. */
export const notNow = (code: ErrorCode): AgentError =>
  new AgentError(code, `Nothing is asked of Bitbucket or sent to Snyk just now (${code}).`, {
    hint: 'The audit trail cannot be written and AUDIT_ON_ERROR is refuse: see STATE_DIR/audit.',
  });

/**
 * Sends nothing as long as there is a reason not to.
 *
 * @param closed why nothing goes out just now; `null`: it does
 */
export const withBarrier =
  (send: Send, closed: () => ErrorCode | null): Send =>
  (request, sink) => {
    const code = closed();
    if (code === null) return send(request, sink);
    let waiting = true;
    queueMicrotask(() => {
      if (waiting) sink.failed(notNow(code));
    });
    return {
      resume() {},
      cancel() {
        waiting = false;
      },
    };
  };
