import type { Contender, Figure } from '../figure.ts';
import { columnLines, columnText, columnWidth, horizontalAxis, paintedBar } from './bars.ts';
import { lineAt, textAt } from './markup.ts';
import { linearScale, rounded, roundedRatio, type Scale } from './scale.ts';
import { type LegendEntry, MARGIN, sheet, textWidth, WIDTH } from './sheet.ts';

/** One reading of one contender with its spread, in the unit of its group. */
export interface GroupedBar {
  readonly contender: Contender;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface BarGroup extends Pick<Figure, 'unit' | 'better' | 'target'> {
  readonly label: string;
  /** One must be of the official client. */
  readonly bars: readonly GroupedBar[];
}

export interface GroupedBarPictureOptions {
  readonly title: string;
  /** A line below the title. */
  readonly note?: string;
  readonly groups: readonly BarGroup[];
}

/** What readers call the contenders. */
export const CONTENDER_NAMES: Readonly<Record<Contender, string>> = {
  agent: 'this agent',
  official: 'official client',
  bare: 'bare loop',
};

const BAR_HEIGHT = 11;
const BAR_GAP = 4;
const GROUP_GAP = 18;
/** An outlier is cut off at so many times the longest bar. */
const LONGEST_WHISKER = 1.4;

/** A group as ratios to the official client's value. */
interface Row {
  readonly label: readonly string[];
  readonly height: number;
  readonly target: number | null;
  readonly bars: readonly (GroupedBar & { readonly told: string })[];
}

/**
 * Groups of bars, each as a ratio to the official client of its group, with the targets marked. SVG text.
 * Throws when there is no group, or the official client's value in one is not above 0.
 */
export function groupedBarPicture({ title, note, groups }: GroupedBarPictureOptions): string {
  if (groups.length === 0) throw new Error(`${title}: nothing to show`);
  const rows = groups.map(rowOf);
  const bars = rows.flatMap((row) => row.bars);
  const longest = Math.max(...bars.map(({ value }) => value), ...rows.map(({ target }) => target ?? 0));
  const highest = Math.min(Math.max(longest, ...bars.map(({ high }) => high)), longest * LONGEST_WHISKER);
  const left = MARGIN + columnWidth(groups.map(labelOf)) + 12;
  const right = WIDTH - MARGIN - Math.max(...bars.map(({ told }) => textWidth(told))) - 4;
  const scale = linearScale(highest, left, right, 5);
  return sheet({
    title,
    notes: [
      ...(note === undefined ? [] : [note]),
      'Official client = 1; the value itself stands beside the bar.',
    ],
    description: groups.map(describe).join('; '),
    legend: legendOf(rows),
    paint(top) {
      let y = top;
      const markup = rows.flatMap((row) => {
        const from = y;
        y += row.height + GROUP_GAP;
        return [...columnText(row.label, left - 12, from + row.height / 2), ...paintRow(row, from, scale)];
      });
      const bottom = y - GROUP_GAP + 8;
      return { markup: [...horizontalAxis(scale, top - 6, bottom, ' ×'), ...markup], bottom: bottom + 18 };
    },
  });
}

function rowOf(group: BarGroup): Row {
  const official = group.bars.find(({ contender }) => contender === 'official')?.value ?? 0;
  if (!(official > 0)) throw new Error(`${group.label}: no value of the official client to compare with`);
  const label = columnLines(labelOf(group));
  const thickness = group.bars.length * (BAR_HEIGHT + BAR_GAP) - BAR_GAP;
  return {
    label,
    height: Math.max(thickness, label.length * 15),
    target: group.target,
    bars: group.bars.map(({ contender, value, low, high }) => ({
      contender,
      value: value / official,
      low: low / official,
      high: high / official,
      told: `${roundedRatio(value / official)} × (${rounded(value)} ${group.unit})`,
    })),
  };
}

function paintRow({ bars, target, height }: Row, top: number, scale: Scale): string[] {
  const end = scale.ticks.at(-1) ?? 1;
  const thickness = bars.length * (BAR_HEIGHT + BAR_GAP) - BAR_GAP;
  const first = top + (height - thickness) / 2;
  return bars.flatMap(({ contender, value, low, high, told }, index) => {
    const middle = first + index * (BAR_HEIGHT + BAR_GAP) + BAR_HEIGHT / 2;
    const cut = Math.min(high, end);
    const marked = contender === 'agent' && target !== null;
    const x = Math.max(scale.at(value), scale.at(cut), marked ? scale.at(target) : 0) + 8;
    return [
      paintedBar({ value, low: Math.min(low, cut), high: cut, tone: contender }, middle, BAR_HEIGHT, scale),
      marked ? lineAt(scale.at(target), middle - 8.5, scale.at(target), middle + 8.5, 'target') : '',
      textAt(x, middle + 4, told, 'start', 'quiet'),
    ];
  });
}

function legendOf(rows: readonly Row[]): LegendEntry[] {
  const seen = new Set(rows.flatMap(({ bars }) => bars.map(({ contender }) => contender)));
  const legend: LegendEntry[] = [...seen].map((tone) => ({ label: CONTENDER_NAMES[tone], tone }));
  return rows.some(({ target }) => target !== null)
    ? [...legend, { label: 'target for this agent', tone: 'target' }]
    : legend;
}

const labelOf = ({ label, better }: BarGroup): string =>
  better === 'more' ? `${label} (more is better)` : label;

function describe({ label, unit, bars, target }: BarGroup): string {
  const told = bars.map(({ contender, value }) => `${CONTENDER_NAMES[contender]} ${rounded(value)} ${unit}`);
  return `${label}: ${told.join(', ')}${target === null ? '' : `, target ${target} times the official client`}`;
}
