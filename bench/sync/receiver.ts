/**
 * The place of Snyk's backend as a process of its own, which says 202 to all. The first line it writes has its URL.
 * SIGUSR2: another line with what came since the last one, and for how long it came.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const none = { batches: 0, bytes: 0, firstAt: 0, lastAt: 0 };
let came = { ...none };

const server = createServer((request, response) => {
  came.batches += 1;
  came.firstAt ||= performance.now();
  request
    .on('data', (chunk: Buffer) => {
      came.bytes += chunk.length;
    })
    .on('end', () => {
      came.lastAt = performance.now();
      response.writeHead(202, { 'content-type': 'application/vnd.api+json' }).end('{"data":[]}');
    });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
});

process.on('SIGUSR2', () => {
  const { batches, bytes, firstAt, lastAt } = came;
  came = { ...none };
  console.log(JSON.stringify({ batches, bytes, seconds: (lastAt - firstAt) / 1000 }));
});
