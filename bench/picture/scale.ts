/** Where a value stands on one axis of a picture. */
export interface Scale {
  readonly ticks: readonly number[];
  /** In units of the picture. */
  at(value: number): number;
}

const THREE_DIGITS = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A figure as a reader wants it: three digits that count, all of a whole number. */
export const rounded = (value: number): string =>
  (Math.abs(value) >= 1000 ? WHOLE : THREE_DIGITS).format(value);

const TWO_DIGITS = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 });

/** How many times as much: two digits that count. */
export const roundedRatio = (ratio: number): string => (ratio >= 100 ? WHOLE : TWO_DIGITS).format(ratio);

/** From 0 to at least `highest`, in steps of 1, 2 or 5 times a power of ten. */
export function linearScale(highest: number, from: number, to: number, mostTicks = 6): Scale {
  const step = roundStep((highest > 0 ? highest : 1) / mostTicks);
  const steps = Math.max(1, Math.ceil(highest / step - 1e-9));
  return {
    ticks: Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12))),
    at: (value) => from + ((to - from) * value) / (steps * step),
  };
}

function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].find((times) => times * power >= least * (1 - 1e-9)) ?? 10;
  return step * power;
}

/** From `lowest` to `highest`, each power of ten as far as the one before. Throws where something is not above 0. */
export function logarithmicScale(lowest: number, highest: number, from: number, to: number): Scale {
  if (!(lowest > 0)) throw new Error(`${lowest} has no place on a logarithmic axis`);
  const wide = highest > lowest ? { lowest, highest } : { lowest: lowest / 2, highest: lowest * 2 };
  const [low, high] = [Math.log10(wide.lowest), Math.log10(wide.highest)];
  return {
    ticks: logarithmicTicks(wide.lowest, wide.highest),
    at: (value) => from + ((to - from) * (Math.log10(value) - low)) / (high - low),
  };
}

/** Powers of ten, and what lies between them when there are few. */
function logarithmicTicks(lowest: number, highest: number): number[] {
  const between = highest / lowest > 1000 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(lowest)); power <= Math.ceil(Math.log10(highest)); power += 1) {
    ticks.push(...between.map((times) => Number((times * 10 ** power).toPrecision(12))));
  }
  return ticks.filter((tick) => tick >= lowest * (1 - 1e-9) && tick <= highest * (1 + 1e-9));
}
