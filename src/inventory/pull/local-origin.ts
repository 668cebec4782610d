import type { Send } from '../../bitbucket/send.ts';

/** Requests to one origin are served by `local`; all others go on to `send`. Stands outside of every other wrapper. */
export const withLocalOrigin =
  (send: Send, origin: string, local: Send): Send =>
  (request, sink) =>
    request.origin === origin ? local(request, sink) : send(request, sink);
