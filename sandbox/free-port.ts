import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports Linux lends to outgoing connections (32768 and up), so that nobody takes one during a restart. */
const FIRST = 20_000;
const END = 32_000;
const TRIES = 100;

const given = new Set<number>();

/** A TCP port that nothing listens on now, never the same twice in one process. Throws when 100 tries find none. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = randomInt(FIRST, END);
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${FIRST} and ${END} in ${TRIES} tries`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
