import { describe, expect, it } from '@jest/globals';
import type { Figure, Sample } from '../../bench/figure.ts';
import { pictureOf } from '../../bench/pictures.ts';
import { type Group, resultsLines, resultsMarkdown } from '../../bench/results.ts';
import { rowOf } from '../../bench/rows.ts';

const CPU: Figure = { id: 'cpu-socket-small', title: 'CPU a call', unit: 'ms', better: 'less', target: 0.5 };
const RATE: Figure = { id: 'rate', title: 'Throughput', unit: 'MB/s', better: 'more', target: 1.8 };
const FREE: Figure = { id: 'free', title: 'Reconnecting', unit: 'ms', better: 'less', target: null };

const samplesOf = ({ id }: Figure, contender: Sample['contender'], ...values: number[]): Sample[] =>
  values.map((value) => ({ figure: id, contender, value }));

const SAMPLES = [
  ...samplesOf(CPU, 'agent', 0.1, 0.12, 0.11),
  ...samplesOf(CPU, 'official', 0.2, 0.3, 0.22),
  ...samplesOf(CPU, 'bare', 0.05, 0.06, 0.05),
  ...samplesOf(RATE, 'agent', 170, 150),
  ...samplesOf(RATE, 'official', 100, 100),
  ...samplesOf(FREE, 'agent', 1234.5),
  ...samplesOf(FREE, 'official', 2000),
];

const groupOf = (figures: readonly Figure[], picture: string | null = null): Group => ({
  title: 'Calls',
  how: 'How it is measured.',
  rows: figures.map((figure) => rowOf(figure, SAMPLES)),
  picture,
});

const written = (groups: readonly Group[]) =>
  resultsMarkdown({ circumstances: [['Node', 'v24.0.0']], rounds: 3, groups, overview: null });

describe('a row of the results', () => {
  it('meets a target that is a ceiling from below, and one that is a floor from above', () => {
    expect(rowOf(CPU, SAMPLES).met).toBe(true);
    expect(rowOf(RATE, SAMPLES).met).toBe(false);
    expect(rowOf({ ...RATE, target: 1.6 }, SAMPLES).met).toBe(true);
    expect(rowOf({ ...CPU, target: 0.4 }, SAMPLES).met).toBe(false);
  });

  it('judges nothing without a target, and nothing that was not measured of both', () => {
    expect(rowOf(FREE, SAMPLES).met).toBeNull();
    expect(rowOf(CPU, samplesOf(CPU, 'agent', 1)).met).toBeNull();
  });

  it('takes the samples of its own figure only', () => {
    expect(rowOf(RATE, SAMPLES)).toMatchObject({
      of: { agent: { median: 160, low: 150, high: 170 }, bare: null },
      to: { official: { median: 1.6, low: 1.5, high: 1.7 }, bare: null },
    });
  });
});

describe('RESULTS.md', () => {
  it('has a line a figure with medians, spread, ratio, target and whether it is met', () => {
    const text = written([groupOf([CPU, RATE, FREE])]);
    expect(text).toContain(
      '| CPU a call, ms | 0.110 (0.100 – 0.120) | 0.220 (0.200 – 0.300) | 0.050 (0.050 – 0.060) | 0.500 (0.400 – 0.500) | ≤ 0.50 × | yes | 2.20 (2.00 – 2.20) |',
    );
    expect(text).toContain(
      '| Throughput, MB/s | 160 (150 – 170) | 100 | – | 1.60 (1.50 – 1.70) | ≥ 1.80 × | **no** | – |',
    );
    expect(text).toContain('| Reconnecting, ms | 1,235 | 2,000 | – | 0.617 | – | – | – |');
  });

  it('says plainly which targets are missed', () => {
    const text = written([groupOf([CPU, RATE, FREE])]);
    expect(text).toContain('**1 of 2 targets are met.** Missed:');
    expect(text).toContain('- Throughput: 1.60 × the official client, the target is ≥ 1.80 ×');
    expect(written([groupOf([CPU])])).toContain('**1 of 1 targets are met.**');
    expect(written([groupOf([CPU])])).not.toContain('Missed');
  });

  it('says whether all features stay near the bare loop', () => {
    const text = written([groupOf([CPU, RATE])]);
    expect(text).toContain('## Beside the bare loop');
    expect(text).toMatch(/\| CPU a call, ms \| .* \| 2\.20 \(2\.00 – 2\.20\) \| \*\*no\*\* \|/);
    expect(written([groupOf([FREE])])).not.toContain('## Beside the bare loop');
  });

  it('says how it was made, with what, and how each group is measured', () => {
    const text = written([groupOf([CPU], 'pictures/calls.svg')]);
    expect(text).toContain('| Node | v24.0.0 |');
    expect(text).toContain('3 rounds');
    expect(text).toContain('## Calls\n\nHow it is measured.');
    expect(text).toContain('![Calls](pictures/calls.svg)');
    expect(text).toContain('`npm run bench`');
  });

  it('keeps every table whole whatever stands in a cell', () => {
    const odd = { ...FREE, title: 'this | that' };
    expect(written([groupOf([odd])])).toContain('| this \\| that, ms |');
    const cellsOf = (line: string) => line.split(/(?<!\\)\|/).length;
    const lines = written([groupOf([CPU, RATE, odd])]).split('\n');
    const start = lines.findIndex((line) => line.startsWith('| figure | this agent | official'));
    expect(new Set(lines.slice(start, start + 5).map(cellsOf))).toEqual(new Set([10]));
  });
});

describe('the results in a terminal', () => {
  it('have a line a figure below one of names', () => {
    const lines = resultsLines([groupOf([CPU, RATE])]).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^figure +this agent +official client/);
    expect(lines[2]).toContain('no');
    expect(lines[2]).not.toContain('**');
  });
});

describe('the picture of a group', () => {
  it('shows what was measured of the official client, and is none without that', () => {
    const picture = pictureOf('Calls', groupOf([CPU, RATE]).rows);
    expect(picture).toContain('<svg');
    expect(picture).toContain('Throughput');
    expect(pictureOf('Calls', [rowOf(CPU, samplesOf(CPU, 'agent', 1))])).toBeNull();
  });
});
