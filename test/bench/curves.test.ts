import { describe, expect, it } from '@jest/globals';
import { type Curve, exponentOf, LineBook } from '../../bench/curves/curve.ts';
import { curvesReport } from '../../bench/curves/report.ts';

const lineOf = (...points: readonly (readonly [number, number])[]) => ({
  label: 'one',
  points: points.map(([x, y]) => ({ x, y })),
});

describe('the power that a cost grows with', () => {
  it.each([
    ['a level one', lineOf([1, 9], [10, 4], [100, 4]), 0],
    ['a linear one', lineOf([1, 9], [10, 4], [100, 40]), 1],
    ['a square one', lineOf([10, 4], [100, 400]), 2],
  ])('of %s', (_, line, power) => {
    expect(exponentOf(line)).toBeCloseTo(power, 10);
  });

  it('is not told of one point, nor where a cost is nothing', () => {
    expect([lineOf([1, 1]), lineOf([1, 0], [2, 5]), lineOf()].map(exponentOf)).toEqual([null, null, null]);
  });
});

it('the report has a table and a picture for each curve', () => {
  const book = new LineBook();
  book.add('agent', 10, 1.23456);
  book.add('agent', 1_000, 12_345.6);
  book.add('official', 1_000, 0.5);
  const curve: Curve = {
    ...{ id: 'load', title: 'CPU to load', x: 'rules', unit: 'ms', of: 'whole' },
    lines: book.lines,
  };
  const text = curvesReport([{ title: 'Rules', note: 'As they are.', curves: [curve] }], {
    day: '2026-01-02',
    machine: '2 × a CPU',
    versions: ['Node v24'],
  });
  expect(text).toContain(
    [
      '| rules (ms, of all together) | 10 | 1,000 | power |',
      '| --- | ---: | ---: | ---: |',
      '| agent | 1.23 | 12,346 | 2.00 |',
      '| official | – | 0.5 | – |',
    ].join('\n'),
  );
  expect(text).toContain('![CPU to load](pictures/curve-load.svg)');
  expect(text).toContain('2026-01-02; 2 × a CPU; Node v24.');
});
