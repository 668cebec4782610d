import { describe, expect, it } from '@jest/globals';
import { barPicture, groupedBarPicture, linePicture } from '../../bench/picture.ts';

const HOSTILE = `<script>alert(1)</script> & "quotes" 'more' \u001b[31m\ud800 ]]>`;
const LINES = { title: 't', xLabel: 'calls', yLabel: 'ms', logX: false, logY: false };

const bars = (svg: string, tone: string): { x: number; width: number }[] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="(?:11|18)" rx="2" class="(\w+)"/g)]
    .filter(([, , width, kind]) => kind === tone && width !== '12')
    .map(([, x, width]) => ({ x: Number(x), width: Number(width) }));

const circles = (svg: string): { x: number; y: number }[] =>
  [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }));

/** Every tag closes the one that is open, attributes are quoted, and no sign of XML stands free in a text. */
function wellFormed(svg: string): boolean {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g,
    (_, end, name, _attributes, alone) => {
      if (end === '/' && open.pop() !== name) throw new Error(`${name} closes what is not open`);
      if (end === '' && alone === '') open.push(name);
      return '';
    },
  );
  return open.length === 0 && !/[<>]/.test(rest) && !/&(?!(?:amp|lt|gt|quot|#39);)/.test(rest);
}

const hostilePictures = (): string[] => [
  barPicture({
    title: HOSTILE,
    unit: HOSTILE,
    note: HOSTILE,
    bars: [{ label: HOSTILE, value: 1, low: 1, high: 2 }],
  }),
  groupedBarPicture({
    title: HOSTILE,
    note: HOSTILE,
    groups: [
      {
        label: HOSTILE,
        unit: HOSTILE,
        better: 'more',
        target: 1.8,
        bars: [{ contender: 'official', value: 1, low: 1, high: 1 }],
      },
    ],
  }),
  linePicture({
    ...LINES,
    ...{ title: HOSTILE, note: HOSTILE, xLabel: HOSTILE, yLabel: HOSTILE },
    lines: [{ label: HOSTILE, points: [{ x: 1, y: 1 }] }],
  }),
];

describe('a picture', () => {
  it('is a document with a title and a description for those who do not see it', () => {
    for (const svg of hostilePictures()) {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="780" height="\d+"/);
      expect(svg).toContain('role="img"');
      expect(svg).toMatch(/<title id="title">[^<]+<\/title><desc id="description">[^<]+<\/desc>/);
    }
  });

  it('is well-formed whatever its texts are, and holds none of their tags', () => {
    for (const svg of hostilePictures()) {
      expect(wellFormed(svg)).toBe(true);
      expect(svg).not.toMatch(/<script|\p{Cs}|\p{Cc}(?!$)/u);
    }
  });

  it('has colours for light and dark and loads nothing', () => {
    for (const svg of hostilePictures()) {
      expect(svg).toContain('@media(prefers-color-scheme:dark)');
      expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/href|url\(|https?:|@import/);
    }
  });

  it('of nothing is refused', () => {
    expect(() => barPicture({ title: 't', unit: 'ms', bars: [] })).toThrow('nothing to show');
    expect(() => groupedBarPicture({ title: 't', groups: [] })).toThrow('nothing to show');
    expect(() => linePicture({ ...LINES, lines: [{ label: 'l', points: [] }] })).toThrow('nothing to show');
  });

  it('of what is no number is refused', () => {
    const bar = { label: 'l', value: Number.NaN, low: 0, high: 1 };
    expect(() => barPicture({ title: 't', unit: 'ms', bars: [bar] })).toThrow();
    const line = { label: 'l', points: [{ x: 1, y: Number.POSITIVE_INFINITY }] };
    expect(() => linePicture({ ...LINES, lines: [line] })).toThrow();
  });
});

describe('bars', () => {
  it('are as long as their values, from one left edge, and say them', () => {
    const svg = barPicture({
      title: 'CPU',
      unit: 'ms',
      bars: [
        { label: 'ours', value: 100, low: 90, high: 120 },
        { label: 'theirs', value: 1234.5, low: 1200, high: 1300, tone: 'official' },
      ],
    });
    const [ours, theirs] = [bars(svg, 'agent')[0], bars(svg, 'official')[0]];
    expect(ours?.x).toBe(theirs?.x);
    expect((theirs?.width ?? 0) / (ours?.width ?? 1)).toBeCloseTo(12.345, 1);
    expect(svg).toContain('>100 ms<');
    expect(svg).toContain('>1,235 ms<');
  });

  it('show a spread as a whisker, and none where there is none', () => {
    const whiskers = (low: number, high: number): number =>
      barPicture({ title: 't', unit: 'ms', bars: [{ label: 'l', value: 5, low, high }] }).split(
        'class="whisker"',
      ).length - 1;
    expect(whiskers(4, 6)).toBe(3);
    expect(whiskers(5, 5)).toBe(0);
  });

  it('of zeros are drawn too', () => {
    expect(
      wellFormed(barPicture({ title: 't', unit: 'ms', bars: [{ label: 'l', value: 0, low: 0, high: 0 }] })),
    ).toBe(true);
  });
});

describe('grouped bars', () => {
  const group = {
    label: 'throughput',
    unit: 'MB/s',
    better: 'more' as const,
    target: 1.8,
    bars: [
      { contender: 'agent' as const, value: 240, low: 230, high: 250 },
      { contender: 'official' as const, value: 120, low: 110, high: 130 },
    ],
  };

  it('are ratios to the official client of their group, whatever the unit', () => {
    const small = {
      ...group,
      unit: 's',
      bars: group.bars.map((bar) => ({ ...bar, value: bar.value / 1e6, low: 0, high: bar.value / 1e6 })),
    };
    const svg = groupedBarPicture({ title: 't', groups: [group, small] });
    const [first, second] = bars(svg, 'agent');
    expect(first).toEqual(second);
    expect((first?.width ?? 0) / (bars(svg, 'official')[0]?.width ?? 1)).toBeCloseTo(2, 2);
    expect(svg).toContain('>2 × (240 MB/s)<');
  });

  it('mark the target of a group that has one', () => {
    const marks = (target: number | null): number =>
      groupedBarPicture({ title: 't', groups: [{ ...group, target }] }).split('class="target"').length - 1;
    expect(marks(1.8)).toBe(2);
    expect(marks(null)).toBe(0);
  });

  it('need a value of the official client to compare with', () => {
    const alone = { ...group, bars: group.bars.slice(0, 1) };
    expect(() => groupedBarPicture({ title: 't', groups: [alone] })).toThrow(
      'no value of the official client',
    );
  });
});

describe('lines', () => {
  const points = [1, 10, 100].map((x) => ({ x, y: x }));

  it('stand where both axes say', () => {
    const [one, ten, hundred] = circles(linePicture({ ...LINES, lines: [{ label: 'l', points }] }));
    expect(((hundred?.x ?? 0) - (one?.x ?? 0)) / ((ten?.x ?? 0) - (one?.x ?? 0))).toBeCloseTo(11, 1);
    expect(((one?.y ?? 0) - (hundred?.y ?? 0)) / ((one?.y ?? 0) - (ten?.y ?? 0))).toBeCloseTo(11, 0);
  });

  it('have even steps on logarithmic axes', () => {
    const svg = linePicture({ ...LINES, logX: true, logY: true, lines: [{ label: 'l', points }] });
    const [one, ten, hundred] = circles(svg);
    expect((hundred?.x ?? 0) - (ten?.x ?? 0)).toBeCloseTo((ten?.x ?? 0) - (one?.x ?? 0), 1);
    expect((hundred?.y ?? 0) - (ten?.y ?? 0)).toBeCloseTo((ten?.y ?? 0) - (one?.y ?? 0), 1);
  });

  it('cannot have a zero on a logarithmic axis', () => {
    const lines = [{ label: 'l', points: [{ x: 0, y: 1 }] }];
    expect(() => linePicture({ ...LINES, logX: true, lines })).toThrow('no place on a logarithmic axis');
  });

  it('of one point are drawn too', () => {
    const lines = [{ label: 'l', points: [{ x: 5, y: 5 }] }];
    for (const logarithmic of [true, false]) {
      expect(circles(linePicture({ ...LINES, logX: logarithmic, logY: logarithmic, lines }))).toHaveLength(1);
    }
  });
});
