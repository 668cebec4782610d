import type { Contender, Figure, Sample } from './figure.ts';
import { ratioOf, type Summary, summaryOf } from './statistics.ts';

/** One figure of all contenders. */
export interface Row {
  readonly figure: Figure;
  /** `null`: it is not measured of that one. */
  readonly of: Readonly<Record<Contender, Summary | null>>;
  /** This agent's as a ratio to that of the other. */
  readonly to: Readonly<Record<'official' | 'bare', Summary | null>>;
  /** Whether the median ratio reaches the target; `null` where there is none. */
  readonly met: boolean | null;
}

export function rowOf(figure: Figure, samples: readonly Sample[]): Row {
  const values = (contender: Contender) =>
    samples
      .filter((sample) => sample.figure === figure.id && sample.contender === contender)
      .map(({ value }) => value);
  const [agent, official, bare] = [values('agent'), values('official'), values('bare')];
  const ratio = ratioOf(agent, official);
  return {
    figure,
    of: { agent: summaryOf(agent), official: summaryOf(official), bare: summaryOf(bare) },
    to: { official: ratio, bare: ratioOf(agent, bare) },
    met:
      ratio === null || figure.target === null ? null : reaches(ratio.median, figure.better, figure.target),
  };
}

/** Whether a ratio is on the right side of its limit. */
export const reaches = (ratio: number, better: Figure['better'], limit: number): boolean =>
  better === 'less' ? ratio <= limit : ratio >= limit;
