/** Readings of one figure in one number and their spread. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The middle one; between the two in the middle where their number is even. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const above = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + above) / 2 : above;
}

/** `null` of no readings. */
export function summaryOf(values: readonly number[]): Summary | null {
  if (values.length === 0) return null;
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** The value below which `share` (0 to 1) of them lie. They must be sorted; NaN of none. */
export function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * How one compares with another: the ratio of their medians, and as its spread the lowest and the highest of the ratios
 * pair by pair, each of two readings that were taken one after the other. `null` where one has no readings.
 */
export function ratioOf(ones: readonly number[], others: readonly number[]): Summary | null {
  const pairs = Math.min(ones.length, others.length);
  if (pairs === 0) return null;
  const ratios = Array.from({ length: pairs }, (_, index) => ratio(ones, others, index));
  return {
    median: median(ones) / median(others),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
  };
}

const ratio = (ones: readonly number[], others: readonly number[], index: number): number =>
  (ones[index] ?? Number.NaN) / (others[index] ?? Number.NaN);
