import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { createAuthority } from '../../sandbox/certificates.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { type FarContender, startFar } from '../far-contender.ts';
import type { Field } from '../field.ts';
import type { Contender, Figure, Sample } from '../figure.ts';
import type { Measurement, Round } from '../measurement.ts';
import { API, LOGIN, SMALL_PAGE } from '../places.ts';
import { withSecondServer } from '../second-server.ts';

const DELAY_MS = 50;
/** Longer than Node's own HTTP client, which the official client has, keeps a connection that nothing goes over. */
const PAUSE_MS = 6_000;
const TARGET = 0.5;
/** Calls at once, and how many are measured of those that follow on each other. */
const LOADS = [
  { atOnce: 1, calls: 12 },
  { atOnce: 8, calls: 64 },
  { atOnce: 32, calls: 192 },
] as const;
const CONTENDERS: readonly Contender[] = ['agent', 'official', 'bare'];
const KINDS = [
  {
    id: 'slow-link-paused',
    over: 'stream',
    paused: true,
    what: `streamed, after ${PAUSE_MS / 1000} s of silence`,
  },
  { id: 'slow-link-stream', over: 'stream', paused: false, what: 'streamed, one after the other' },
  { id: 'slow-link-socket', over: 'socket', paused: false, what: 'over the socket' },
] as const;

const figures = KINDS.flatMap(({ id, paused, what }) =>
  LOADS.map(
    ({ atOnce }): Figure => ({
      id: `${id}-${atOnce}`,
      title: `Answer over ${DELAY_MS} ms each way with TLS, ${what}, ${atOnce} at once`,
      unit: 'ms',
      better: 'less',
      target: paused ? TARGET : null,
    }),
  ),
);

/** What a far server makes of an answer: each round trip shows. */
export const slowLink: Measurement = {
  name: 'slow-link',
  title: `Answers over a link of ${DELAY_MS} ms each way, with TLS`,
  how: [
    'Between the contender and the broker server, which speaks TLS here, every byte takes 50 ms in each direction; the',
    'caller is beside the server. From the call to the last byte of 3 KB, the median of a round. The request has to come',
    'and the answer to go, so nobody takes less than 100 ms; a new connection takes 200 ms more. Run by Node 24 the',
    'official client keeps its connections for 5 s, so it needs new ones only after a silence: calls that come after one',
    'of 6 s, which the target is for, are shown beside calls that follow on each other, where all wait for the link alone.',
  ].join(' '),
  figures,
  rounds: 3,
  measure,
};

async function measure(round: Round): Promise<readonly Sample[]> {
  const field = await round.field();
  const authority = createAuthority();
  const tls = { ...authority.issue(['127.0.0.1']), ca: authority.ca };
  const folder = makeTemporaryFolder('slow-link');
  const ca = join(folder.path, 'ca.pem');
  writeFileSync(ca, authority.ca);
  const started: FarContender[] = [];
  try {
    return await withSecondServer({ tls }, async (broker) => {
      try {
        for (const index of CONTENDERS.keys()) {
          const contender = CONTENDERS[(index + round.number) % CONTENDERS.length] ?? 'agent';
          started.push(await startFar(contender, { field, broker, ca, delayMs: DELAY_MS }));
        }
        return await answers(started, await lengthAtBitbucket(field), round.quick);
      } finally {
        await Promise.all(started.map((each) => each.end()));
      }
    });
  } finally {
    folder.remove();
  }
}

/** One contender after the other in all that is measured; the silence is one for all. */
async function answers(started: readonly FarContender[], length: number, quick: boolean): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const { id, over, paused } of KINDS) {
    for (const { atOnce, calls } of LOADS) {
      const warm = { calls: atOnce, atOnce, length };
      for (const each of started) await each.call(SMALL_PAGE, over, warm);
      if (paused && !quick) await pause(PAUSE_MS);
      for (const each of started) {
        const how = { ...warm, calls: paused || quick ? atOnce : calls };
        const value = middleOf(await each.call(SMALL_PAGE, over, how));
        samples.push({ figure: `${id}-${atOnce}`, contender: each.contender, value });
      }
    }
  }
  return samples;
}

/** @param sorted not empty */
function middleOf(sorted: readonly number[]): number {
  const [below, above] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((below ?? 0) + (above ?? 0)) / 2;
}

/** What each answer's body must have. */
async function lengthAtBitbucket({ bitbucketUrl }: Field): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;
  const { statusCode, body } = await request(`${bitbucketUrl}${API}${SMALL_PAGE}`, {
    headers: { authorization },
  });
  const { byteLength } = await body.arrayBuffer();
  if (statusCode !== 200) throw new Error(`Bitbucket answers with ${statusCode}`);
  return byteLength;
}
