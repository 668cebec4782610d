import type { Line } from '../picture.ts';
import { type Curve, type CurveFamily, exponentOf } from './curve.ts';

/** What the numbers are from. */
export interface Circumstances {
  readonly day: string;
  readonly machine: string;
  /** Such as `Node v24.21.0`. */
  readonly versions: readonly string[];
}

const INTRODUCTION = `Written by \`npm run bench:curves\`. The last column of a table is the power of the first line's number with which the cost
grows between the last two points. Of a cost *of all together* 1 is linear growth, and more is worse than linear. Of a
cost *of one*, or of a time or a memory at a given load, 0 means that it stays as it is.`;

/** The text of CURVES.md. Its pictures are \`pictures/curve-ID.svg\` beside it. */
export function curvesReport(
  families: readonly CurveFamily[],
  { day, machine, versions }: Circumstances,
): string {
  return [
    '# How costs grow',
    INTRODUCTION,
    `${day}; ${machine}; ${versions.join(', ')}.`,
    ...families.flatMap(({ title, note, curves }) => [`## ${title}`, note, ...curves.flatMap(sectionOf)]),
    '',
  ].join('\n\n');
}

/** The name of a curve's picture. */
export const pictureFile = ({ id }: Curve): string => `curve-${id}.svg`;

/** The unit, with what it is of. */
export const unitText = ({ unit, of }: Curve): string => (of === 'whole' ? `${unit}, of all together` : unit);

const sectionOf = (curve: Curve): readonly string[] => [
  `### ${curve.title}`,
  tableOf(curve),
  `![${curve.title}](pictures/${pictureFile(curve)})`,
];

function tableOf(curve: Curve): string {
  const xs = curve.lines[0]?.points.map(({ x }) => x) ?? [];
  const rows = [
    [`${curve.x} (${unitText(curve)})`, ...xs.map((x) => x.toLocaleString('en-US')), 'power'],
    ['---', ...xs.map(() => '---:'), '---:'],
    ...curve.lines.map((line) => rowOf(line, xs)),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function rowOf(line: Line, xs: readonly number[]): readonly string[] {
  const at = new Map(line.points.map(({ x, y }) => [x, y]));
  const power = exponentOf(line);
  return [line.label, ...xs.map((x) => shownNumber(at.get(x))), power === null ? '–' : power.toFixed(2)];
}

/** Three digits that say something. */
function shownNumber(value: number | undefined): string {
  if (value === undefined) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}
