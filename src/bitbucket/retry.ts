import { isBrokenConnection } from './failure.ts';
import { type Flight, REPEATABLE, type ReplySink, type Send } from './send.ts';

/**
 * Sends a GET or HEAD once more when its connection broke before any reply: a kept connection that Bitbucket
 * closed at that very moment is no failure of the call. Everything else is told as it is.
 */
export function withRetry(send: Send): Send {
  return (request, sink) => {
    if (!REPEATABLE.has(request.method)) return send(request, sink);
    let replied = false;
    let cancelled = false;
    let flight: Flight;
    const once: ReplySink = {
      head: (status, headers) => {
        replied = true;
        sink.head(status, headers);
      },
      data: (chunk) => sink.data(chunk),
      end: () => sink.end(),
      failed: (error) => {
        if (replied || cancelled || !isBrokenConnection(error)) return sink.failed(error);
        flight = send(request, sink);
      },
    };
    flight = send(request, once);
    return {
      resume: () => flight.resume(),
      cancel: () => {
        cancelled = true;
        flight.cancel();
      },
    };
  };
}
