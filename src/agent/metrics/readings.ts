import { Counter, Gauge, type Registry } from 'prom-client';

/** One value with its labels. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export const PREFIX = 'bitbucket_agent_';

/**
 * Metrics whose values are read when they are fetched. They are read in the order they were made, one after the other
 * and within one turn of the event loop; a reader must not throw. Without labels and without a sample the value is 0.
 */
export class Readings {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  gauge(name: string, help: string, labelNames: readonly string[], read: () => Iterable<Sample>): void {
    const gauge: Gauge = new Gauge({
      ...this.#frame(name, help, labelNames),
      collect() {
        gauge.reset();
        for (const [labels, value] of read()) gauge.set(labels, value);
      },
    });
  }

  /** @param read gives totals since the start; they never go down */
  counter(name: string, help: string, labelNames: readonly string[], read: () => Iterable<Sample>): void {
    const counter: Counter = new Counter({
      ...this.#frame(name, help, labelNames),
      collect() {
        counter.reset();
        for (const [labels, value] of read()) counter.inc(labels, value);
      },
    });
  }

  #frame(name: string, help: string, labelNames: readonly string[]) {
    return { name: PREFIX + name, help, labelNames: [...labelNames], registers: [this.#registry] };
  }
}
