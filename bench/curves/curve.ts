import type { Line } from '../picture.ts';

/** How one cost grows with one number. */
export interface Curve {
  /** Names its picture. */
  readonly id: string;
  readonly title: string;
  /** What grows, such as `rules`. */
  readonly x: string;
  /** Of y, such as `µs`. */
  readonly unit: string;
  /** `whole`: y is the cost of all x together; `each`: of one call or one repository, whatever x is. */
  readonly of: 'whole' | 'each';
  readonly lines: readonly Line[];
}

/** The curves that grow with the same number, and what is to be said of how they were measured. */
export interface CurveFamily {
  readonly title: string;
  readonly note: string;
  readonly curves: readonly Curve[];
}

/** Between the last two points, the power of x that y grows with; `null` where there are no two, or one is not above 0. */
export function exponentOf({ points }: Line): number | null {
  const [before, last] = points.slice(-2);
  if (before === undefined || last === undefined || before.x === last.x) return null;
  if (before.y <= 0 || last.y <= 0) return null;
  return Math.log(last.y / before.y) / Math.log(last.x / before.x);
}

/** The middle one, the higher one of two. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((one, other) => one - other)[values.length >> 1];
  if (middle === undefined) throw new Error('there is no value');
  return middle;
}

/** Collects lines point by point, as they are measured. */
export class LineBook {
  readonly #lines = new Map<string, { x: number; y: number }[]>();

  add(label: string, x: number, y: number): void {
    const points = this.#lines.get(label) ?? [];
    points.push({ x, y });
    this.#lines.set(label, points);
  }

  get lines(): readonly Line[] {
    return Array.from(this.#lines, ([label, points]) => ({ label, points }));
  }
}
