import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import type { BrokerServer } from '../../sandbox/broker-server.ts';
import { until } from '../../sandbox/deadline.ts';
import { type Program, start } from '../contenders.ts';
import type { Field } from '../field.ts';
import type { Contender, Figure, Sample } from '../figure.ts';
import type { Measurement, Round } from '../measurement.ts';
import { SMALL_PAGE } from '../places.ts';
import { withSecondServer } from '../second-server.ts';

/** How long the server stays away after it is killed; starting takes it about a second more. */
const OUTAGES = [
  { id: 'reconnect', awayMs: 0, what: 'is restarted at once' },
  { id: 'reconnect-10s', awayMs: 10_000, what: 'comes back after 10 s' },
] as const;
const QUICK_AWAY_MS = 1_000;
/** The bare loop does not reconnect. */
const CONTENDERS = ['agent', 'official'] as const satisfies readonly Contender[];
const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 10;

const figures = OUTAGES.map(
  ({ id, what }): Figure => ({
    id,
    title: `Reconnecting after the server is killed and ${what}`,
    unit: 'ms',
    better: 'less',
    target: null,
  }),
);

/** How long a company is cut off after the server is back. */
export const reconnect: Measurement = {
  name: 'reconnect',
  title: 'Reconnecting',
  how: [
    'The broker server is killed (SIGKILL) and started anew on the same port. From its first good answer to a health',
    'check until it shows the contender identified; then the contender answers a call. Both live through the same outage,',
    'and are fresh processes each time. Pauses between tries have a part of chance, so the spread is wide.',
  ].join(' '),
  figures,
  rounds: 3,
  measure,
};

async function measure(round: Round): Promise<readonly Sample[]> {
  const field = await round.field();
  return await withSecondServer({}, async (broker) => {
    const samples: Sample[] = [];
    for (const { id, awayMs } of OUTAGES) {
      const times = await outage(field, broker, round.quick ? Math.min(awayMs, QUICK_AWAY_MS) : awayMs);
      samples.push(...times.map(({ contender, ms }) => ({ figure: id, contender, value: ms })));
    }
    return samples;
  });
}

interface Connected {
  readonly contender: Contender;
  readonly token: string;
  readonly program: Program;
}

/** One outage, which both live through. */
async function outage(field: Field, broker: BrokerServer, awayMs: number) {
  const connected: Connected[] = [];
  try {
    for (const contender of CONTENDERS) {
      const token = randomUUID();
      const { bitbucketUrl, acceptList } = field;
      const program = await start[contender]({ broker, token, bitbucketUrl, acceptList, env: {} });
      connected.push({ contender, token, program });
    }
    await broker.kill();
    await pause(awayMs);
    await broker.restart();
    const backAt = performance.now();
    return await Promise.all(connected.map((each) => returned(broker, each, backAt)));
  } finally {
    await Promise.all(connected.map(({ program }) => program.end()));
  }
}

/** Until it is identified again; it must answer then. */
async function returned(broker: BrokerServer, { contender, token, program }: Connected, backAt: number) {
  const ms = await until(
    async () => {
      const seen = await broker.connectionStatus(token).catch(() => undefined);
      const identified = seen?.body.clients?.some(({ version }) => version !== undefined) ?? false;
      return identified ? performance.now() - backAt : undefined;
    },
    {
      timeoutMs: PATIENCE_MS,
      what: `${contender} is back`,
      everyMs: LOOK_EVERY_MS,
      detail: () => program.output().slice(-2048),
    },
  );
  const { statusCode, body } = await request(broker.callUrl(token, SMALL_PAGE));
  await body.dump();
  if (statusCode !== 200) {
    throw new Error(
      `${contender} answers with ${statusCode} after an outage\n${program.output().slice(-2048)}`,
    );
  }
  return { contender, ms };
}
