import { fileURLToPath } from 'node:url';
import { startChild } from '../../sandbox/child.ts';
import type { Contender, Figure, Sample } from '../figure.ts';
import type { Measurement, Round } from '../measurement.ts';

/** One line of what `cost.ts` writes. */
interface Cost {
  readonly rules: number;
  readonly place: 'first' | 'last' | 'none';
  readonly contender: Contender;
  readonly ns: number;
}

const PROGRAM = fileURLToPath(new URL('../decision/cost.ts', import.meta.url));
const PLACES = { first: 'the first rule fits', last: 'the last rule fits', none: 'no rule fits' } as const;
const LAST_OF_98 = 0.1;

const idOf = (rules: number, place: string) => `decision-${rules}-${place}`;

const figures = [98, 130].flatMap((rules) =>
  (['first', 'last', 'none'] as const).map(
    (place): Figure => ({
      id: idOf(rules, place),
      title: `One decision, ${rules} rules, ${PLACES[place]}`,
      unit: 'ns',
      better: 'less',
      target: rules === 98 && place === 'last' ? LAST_OF_98 : null,
    }),
  ),
);

/** What it costs to find out whether a call is allowed. */
export const decision: Measurement = {
  name: 'decision',
  title: 'One decision',
  how: [
    'Both matchers have the same rules in one process and decide about the same call again and again, in turns; the',
    'best of five turns of each round counts. The official matcher is called as its client calls it, with its log off.',
  ].join(' '),
  figures,
  rounds: 'each',
  measure,
};

async function measure({ quick }: Round): Promise<readonly Sample[]> {
  const child = await startChild({ args: [PROGRAM, quick ? '1' : '5'], env: {}, cwd: process.cwd() });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`the decisions were not measured\n${child.output()}`);
  const costs = JSON.parse(child.output().trim().split('\n').at(-1) ?? '') as Cost[];
  return costs.map(({ rules, place, contender, ns }) => ({
    figure: idOf(rules, place),
    contender,
    value: ns,
  }));
}
