import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { IssuedCertificate } from '../../sandbox/certificates.ts';
import type { ReceivedRequest, ReceiverAnswer } from '../../sandbox/receiver.ts';

/** `cut`: the connection ends without an answer. */
type Responder = (request: ReceivedRequest) => ReceiverAnswer | 'cut';

/** What `ESSENTIALS_URL` may name: a receiver of the operator's own, in TLS. */
export interface TlsReceiver {
  readonly url: string;
  /** As they came, bodies compressed. */
  readonly received: ReceivedRequest[];
  respond(responder: Responder): void;
  close(): Promise<void>;
}

export async function startTlsReceiver(certificate: IssuedCertificate): Promise<TlsReceiver> {
  const received: ReceivedRequest[] = [];
  let respond: Responder = () => ({ status: 202 });
  const server = createServer({ ...certificate }, async (incoming, response) => {
    const { method = '', url = '' } = incoming;
    const headers: IncomingHttpHeaders = incoming.headers;
    const request = { method, url, headers, body: await buffer(incoming) };
    received.push(request);
    const answer = respond(request);
    if (answer === 'cut') return void response.destroy();
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body ?? '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/inventory/batches`,
    received,
    respond(responder) {
      respond = responder;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
