import type { Contender } from './figure.ts';
import { type BarGroup, groupedBarPicture } from './picture.ts';
import type { Row } from './rows.ts';

const CONTENDERS: readonly Contender[] = ['agent', 'official', 'bare'];

/** The rows as bars in ratio to the official client; `null` where none can be shown so. */
export function pictureOf(title: string, rows: readonly Row[]): string | null {
  const groups = rows.flatMap(groupOf);
  return groups.length === 0 ? null : groupedBarPicture({ title, groups });
}

function groupOf({ figure, of }: Row): BarGroup[] {
  if (of.official === null || of.official.median <= 0) return [];
  const { unit, better, target, title: label } = figure;
  const bars = CONTENDERS.flatMap((contender) => {
    const summary = of[contender];
    return summary === null
      ? []
      : [{ contender, value: summary.median, low: summary.low, high: summary.high }];
  });
  return [{ label, unit, better, target, bars }];
}
