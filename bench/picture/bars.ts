import { element, lineAt, textAt } from './markup.ts';
import { linearScale, rounded, type Scale } from './scale.ts';
import { folded, MARGIN, sheet, type Tone, textWidth, WIDTH } from './sheet.ts';

/** One reading with its spread, all in the unit of the picture. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Default `agent`. */
  readonly tone?: Tone;
}

export interface BarPictureOptions {
  readonly title: string;
  readonly unit: string;
  /** A line below the title. */
  readonly note?: string;
  readonly bars: readonly Bar[];
}

const BAR_HEIGHT = 18;
const GAP = 12;
const WIDEST_LABEL = 260;
const LINE_HEIGHT = 15;

/** Horizontal bars from 0, with the spread as a whisker. SVG text. Throws when there is no bar, or one is below 0. */
export function barPicture({ title, unit, note, bars }: BarPictureOptions): string {
  if (bars.length === 0) throw new Error(`${title}: nothing to show`);
  const told = bars.map(({ value }) => `${rounded(value)} ${unit}`);
  const left = MARGIN + columnWidth(bars.map(({ label }) => label)) + 12;
  const right = WIDTH - MARGIN - Math.max(...told.map(textWidth)) - 12;
  const scale = linearScale(Math.max(...bars.flatMap(({ value, high }) => [value, high])), left, right);
  return sheet({
    title,
    notes: note === undefined ? [] : [note],
    description: bars.map(({ label }, index) => `${label}: ${told[index]}`).join('; '),
    legend: [],
    paint(top) {
      let y = top;
      const rows = bars.flatMap((bar, index) => {
        const label = folded(bar.label, WIDEST_LABEL);
        const height = Math.max(BAR_HEIGHT, label.length * LINE_HEIGHT);
        const middle = y + height / 2;
        y += height + GAP;
        return [
          ...columnText(label, left - 12, middle),
          paintedBar(bar, middle, BAR_HEIGHT, scale),
          textAt(Math.max(scale.at(bar.value), scale.at(bar.high)) + 8, middle + 4.5, told[index] ?? ''),
        ];
      });
      const bottom = y - GAP + 6;
      return { markup: [...horizontalAxis(scale, top - 6, bottom), ...rows], bottom: bottom + 18 };
    },
  });
}

/** Grid lines with their values below. */
export function horizontalAxis(scale: Scale, top: number, bottom: number, sign = ''): string[] {
  return scale.ticks.flatMap((tick) => {
    const x = scale.at(tick);
    return [
      lineAt(x, top, x, bottom, tick === 0 ? 'axis' : 'grid'),
      textAt(x, bottom + 16, `${rounded(tick)}${sign}`, 'middle', 'quiet'),
    ];
  });
}

/** A bar of that height around `middle`, and its whisker. */
export function paintedBar(bar: Omit<Bar, 'label'>, middle: number, height: number, scale: Scale): string {
  const { value, low, high, tone = 'agent' } = bar;
  if (!(value >= 0 && low >= 0 && high >= low))
    throw new Error(`no bar goes from ${low} over ${value} to ${high}`);
  const start = scale.at(0);
  const [from, to] = [scale.at(low), scale.at(high)];
  const reach = height / 3;
  return (
    element('rect', {
      x: start,
      y: middle - height / 2,
      width: Math.max(scale.at(value) - start, 1),
      height,
      rx: 2,
      class: tone,
      fill: 'currentColor',
    }) +
    (to - from < 1
      ? ''
      : lineAt(from, middle, to, middle, 'whisker') +
        lineAt(from, middle - reach, from, middle + reach, 'whisker') +
        lineAt(to, middle - reach, to, middle + reach, 'whisker'))
  );
}

/** What the labels take when they are folded. */
export const columnWidth = (labels: readonly string[]): number =>
  Math.max(...labels.flatMap((label) => folded(label, WIDEST_LABEL)).map(textWidth));

/** Lines of text that end at `right`, around `middle`. */
export const columnText = (lines: readonly string[], right: number, middle: number): string[] =>
  lines.map((line, index) =>
    textAt(right, middle + 4.5 + (index - (lines.length - 1) / 2) * LINE_HEIGHT, line, 'end'),
  );

/** A label as the column breaks it. */
export const columnLines = (label: string): string[] => folded(label, WIDEST_LABEL);
