/** One line of Prometheus' text format: `name{labels}` and its value. */
export type Series = ReadonlyMap<string, number>;

/** The series of a text, without the histograms' buckets. */
export function seriesOf(text: string): Series {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines
      .map((line): [string, number] => {
        const end = line.lastIndexOf(' ');
        return [line.slice(0, end), Number(line.slice(end + 1))];
      })
      .filter(([name]) => !/_bucket\{/.test(name)),
  );
}

/** The values of the series whose name and labels have all of these texts in them. */
export const valuesOf = (series: Series, ...parts: readonly string[]): number[] =>
  [...series].filter(([name]) => parts.every((part) => name.includes(part))).map(([, value]) => value);
