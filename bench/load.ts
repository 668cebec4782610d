import { randomUUID } from 'node:crypto';
import type { Dispatcher, Pool } from 'undici';

/** One call through the broker server. */
export interface Asked {
  /** As the server is asked. */
  readonly path: string;
  readonly over: 'socket' | 'stream';
}

const PATIENCE_MS = 60_000;

/**
 * Calls through `pool` until `calls` are answered, `atOnce` under way at any time: a closed loop.
 *
 * @param length what every answer's body must have, bytes
 * @returns how long each took from the call to the last byte, ms, sorted
 * @throws when one is not answered with 200 and a whole body
 */
export async function callAgainAndAgain(
  pool: Pool,
  asked: Asked,
  { calls, atOnce, length }: { readonly calls: number; readonly atOnce: number; readonly length: number },
): Promise<number[]> {
  const times: number[] = [];
  let left = calls;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const begun = performance.now();
      const came = await bytesOf(pool, asked);
      times.push(performance.now() - begun);
      if (came !== length) throw new Error(`${asked.path}: ${came} bytes came, not ${length}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return times.sort((one, other) => one - other);
}

/** Makes one call and counts what comes, without keeping it. */
function bytesOf(pool: Pool, { path, over }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    pool.dispatch(request(path, over), {
      onRequestStart() {},
      onResponseStart(_controller, status) {
        if (status !== 200) throw new Error(`${path} is answered with ${status}`);
      },
      onResponseData(_controller, chunk) {
        bytes += chunk.length;
      },
      onResponseEnd: () => resolve(bytes),
      onResponseError: (_controller, error) => reject(error),
    });
  });
}

function request(path: string, over: Asked['over']): Dispatcher.DispatchOptions {
  return {
    path,
    method: 'GET',
    headers: {
      'snyk-request-id': randomUUID(),
      ...(over === 'socket' ? { 'x-broker-ws-response': 'true' } : {}),
    },
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
  };
}
