/** Who is measured: this agent, the official client, and a bare loop that relays and does nothing else. */
export type Contender = 'agent' | 'official' | 'bare';

/** One thing that is measured of every contender. */
export interface Figure {
  /** Stable, such as `cpu-socket-small`; names rows, samples and pictures. */
  readonly id: string;
  /** As a reader sees it, such as `CPU a call, answer over the socket, 3 KB`. */
  readonly title: string;
  /** Of the samples, such as `ms`, `MiB`, `MB/s`, `µs`. */
  readonly unit: string;
  readonly better: 'less' | 'more';
  /** What this agent is to reach, as a ratio to the official client in the same run; `null`: no target. */
  readonly target: number | null;
}

/** One reading of one figure. */
export interface Sample {
  readonly figure: Figure['id'];
  readonly contender: Contender;
  /** In the unit of the figure. */
  readonly value: number;
}
