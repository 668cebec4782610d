import { existsSync } from 'node:fs';
import { type Field, openField, type Runner } from './field.ts';
import type { Contender, Sample } from './figure.ts';
import type { Measurement, Round } from './measurement.ts';

const CONTENDERS: readonly Contender[] = ['agent', 'official', 'bare'];

export interface RoundsOptions {
  readonly measurements: readonly Measurement[];
  readonly rounds: number;
  readonly quick: boolean;
  /** Told what is being measured. */
  progress(text: string): void;
}

/**
 * Measures everything, round after round.
 *
 * @throws when something is broken: an answer that is wrong or missing, a process that crashes, or one that outlives the
 *   comparison
 */
export async function measureAll(options: RoundsOptions): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const opened = once(openField);
  const pids = new Set<number>();
  try {
    for (let number = 0; number < options.rounds; number += 1) {
      samples.push(...(await measureRound(options, number, opened.get, pids)));
    }
  } finally {
    await opened.made()?.then((field) => field.close());
  }
  const left = [...pids].filter((pid) => existsSync(`/proc/${pid}`));
  if (left.length > 0) throw new Error(`processes are left behind: ${left.join(', ')}`);
  return samples;
}

async function measureRound(
  { measurements, rounds, quick, progress }: RoundsOptions,
  number: number,
  field: () => Promise<Field>,
  pids: Set<number>,
): Promise<Sample[]> {
  const started: Runner[] = [];
  const runners = once(async () => {
    const opened = await field();
    for (const contender of turned(CONTENDERS, number)) {
      const runner = await opened.start(contender);
      pids.add(runner.pid);
      started.push(runner);
    }
    return started;
  });
  const round: Round = { number, quick, field, runners: runners.get };
  const samples: Sample[] = [];
  for (const { name, rounds: when, measure } of measurements) {
    if (when !== 'each' && number < rounds - when) continue;
    const begun = performance.now();
    samples.push(...(await measure(round)));
    progress(
      `round ${number + 1} of ${rounds}: ${name}, ${((performance.now() - begun) / 1000).toFixed(1)} s`,
    );
  }
  for (const runner of started) await runner.end();
  return samples;
}

const turned = <T>(all: readonly T[], by: number): readonly T[] => [
  ...all.slice(by % all.length),
  ...all.slice(0, by % all.length),
];

/** Makes what is asked for at the first time of asking. */
function once<T>(make: () => Promise<T>): { get(): Promise<T>; made(): Promise<T> | undefined } {
  let made: Promise<T> | undefined;
  return {
    get() {
      made ??= make();
      return made;
    },
    made: () => made,
  };
}
