import { element, lineAt, textAt } from './markup.ts';
import { linearScale, logarithmicScale, rounded, type Scale } from './scale.ts';
import { MARGIN, sheet, type Tone, textWidth, WIDTH } from './sheet.ts';

export interface Line {
  readonly label: string;
  /** In the order of x. */
  readonly points: readonly Point[];
  /** Default: the tones in their order. */
  readonly tone?: Tone;
}

export interface LinePictureOptions {
  readonly title: string;
  /** A line below the title. */
  readonly note?: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly lines: readonly Line[];
}

const TONES: readonly Tone[] = ['agent', 'official', 'bare', 'fourth', 'fifth', 'sixth'];
const DASHES: Readonly<Record<Tone, string>> = {
  agent: 'none',
  official: '7 4',
  bare: '2 3',
  fourth: '10 3 2 3',
  fifth: '4 4',
  sixth: '12 4',
};
const PLOT_HEIGHT = 320;
/** Room for half of the last number. */
const RIGHT = WIDTH - MARGIN - 16;
const MOST_OWN_TICKS = 10;

/** Lines over two axes; an axis that is not logarithmic begins at 0. SVG text. Throws when there is no point. */
export function linePicture(options: LinePictureOptions): string {
  const { title, note, lines } = options;
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) throw new Error(`${title}: nothing to show`);
  const toned = lines.map((line, index) => ({
    ...line,
    tone: line.tone ?? TONES[index % TONES.length] ?? 'agent',
  }));
  return sheet({
    title,
    notes: note === undefined ? [] : [note],
    description: toned.map(describe).join('; '),
    legend: toned,
    paint(top) {
      const plot = { top: top + 22, bottom: top + 22 + PLOT_HEIGHT };
      const { x, y, markup } = axes(options, points, plot);
      return { markup: [...markup, ...toned.map((line) => paintLine(line, x, y))], bottom: plot.bottom + 42 };
    },
  });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Both scales, and the grid, numbers and labels that show them. */
function axes(
  { logX, logY, xLabel, yLabel }: LinePictureOptions,
  points: readonly Point[],
  { top, bottom }: { readonly top: number; readonly bottom: number },
): { x: Scale; y: Scale; markup: string[] } {
  const [across, up] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const y = axisOf(up, logY, bottom, top);
  const left = MARGIN + Math.max(...y.ticks.map((tick) => textWidth(rounded(tick)))) + 8;
  const x = axisOf(across, logX, left, RIGHT);
  const markup = [
    ...(logX ? ownTicks(across, x) : x.ticks).flatMap((tick) => [
      lineAt(x.at(tick), top, x.at(tick), bottom, 'grid'),
      textAt(x.at(tick), bottom + 18, rounded(tick), 'middle', 'quiet'),
    ]),
    ...y.ticks.flatMap((tick) => [
      lineAt(left, y.at(tick), RIGHT, y.at(tick), 'grid'),
      textAt(left - 8, y.at(tick) + 4, rounded(tick), 'end', 'quiet'),
    ]),
    lineAt(left, bottom, RIGHT, bottom, 'axis'),
    lineAt(left, top, left, bottom, 'axis'),
    textAt(MARGIN, top - 14, axisLabel(yLabel, logY)),
    textAt((left + RIGHT) / 2, bottom + 40, axisLabel(xLabel, logX), 'middle'),
  ];
  return { x, y, markup };
}

function axisOf(values: readonly number[], logarithmic: boolean, from: number, to: number): Scale {
  const highest = Math.max(...values);
  const lowest = Math.min(...values);
  if (logarithmic) return logarithmicScale(lowest, highest, from, to);
  if (lowest < 0) throw new Error(`${lowest} is below the axis`);
  return linearScale(highest, from, to);
}

/** Where something was measured, if that is not everywhere; no two so close that their numbers touch. */
function ownTicks(values: readonly number[], scale: Scale): number[] {
  const own = [...new Set(values)].sort((one, other) => one - other);
  const kept: number[] = [];
  let free = Number.NEGATIVE_INFINITY;
  for (const tick of own.length <= MOST_OWN_TICKS ? own : scale.ticks) {
    const half = textWidth(rounded(tick)) / 2;
    if (scale.at(tick) - half < free) continue;
    kept.push(tick);
    free = scale.at(tick) + half + 4;
  }
  return kept;
}

function paintLine({ points, tone }: Line & { readonly tone: Tone }, x: Scale, y: Scale): string {
  const places = points.map((point) => [x.at(point.x), y.at(point.y)] as const);
  const way = places.map(([cx, cy]) => `${cx.toFixed(2)},${cy.toFixed(2)}`).join(' ');
  return element(
    'g',
    { class: tone, fill: 'none', stroke: 'currentColor', 'stroke-width': 2.5 },
    element('polyline', { points: way, 'stroke-dasharray': DASHES[tone], 'stroke-linejoin': 'round' }),
    ...places.map(([cx, cy]) => element('circle', { cx, cy, r: 3.5, fill: 'currentColor', stroke: 'none' })),
  );
}

const axisLabel = (label: string, logarithmic: boolean): string =>
  logarithmic ? `${label} (logarithmic)` : label;

const describe = ({ label, points }: Line): string =>
  `${label}: ${points.map(({ x, y }) => `${rounded(y)} at ${rounded(x)}`).join(', ')}`;
