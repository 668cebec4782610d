import type { Field, Runner } from './field.ts';
import type { Figure, Sample } from './figure.ts';

/** One turn of the comparison, in which every contender is measured once. */
export interface Round {
  /** From 0. Contenders take turns at being first. */
  readonly number: number;
  /** Few calls and short streams: whether it works, not how fast. */
  readonly quick: boolean;
  /** Opened when it is first asked for, and the same in all rounds. */
  field(): Promise<Field>;
  /**
   * A fresh process of every contender, in the order of this round; started when they are first asked for, and ended
   * with the round. All measurements of a round share them.
   */
  runners(): Promise<readonly Runner[]>;
}

/** What belongs together: a group of figures, one table of the results. */
export interface Measurement {
  /** Of its file, such as `slow-link`; what `--only` looks for beside the ids of its figures. */
  readonly name: string;
  /** Above its table. */
  readonly title: string;
  /** What the figures are and how they are measured, for a reader who is new to it; Markdown. */
  readonly how: string;
  readonly figures: readonly Figure[];
  /** In how many rounds it is measured, the last ones, where it takes long or varies little. */
  readonly rounds: 'each' | number;
  /** Samples of any number, in the order they were taken: those at the same place of two contenders make a pair. */
  measure(round: Round): Promise<readonly Sample[]>;
}
