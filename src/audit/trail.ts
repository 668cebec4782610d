import type { CallRecord, Road } from '../call.ts';

/** What the agent itself did, or was told to do by its operator. */
export type AgentEvent = 'started' | 'stopped' | 'paused' | 'resumed';

/** Which way the data of a call went. */
export type Direction = 'to-bitbucket' | 'to-snyk';

export const DIRECTIONS: Readonly<Record<Road, Direction>> = {
  tunnel: 'to-bitbucket',
  'http-relay': 'to-bitbucket',
  inventory: 'to-bitbucket',
  webhook: 'to-snyk',
  delivery: 'to-snyk',
};

/** How the trail does. */
export interface TrailState {
  /** The folder of this process below `STATE_DIR/audit`; `null` before it could be made. */
  readonly instance: string | null;
  /** Records of this process. */
  readonly written: number;
  /** Records that could not be kept, with what they were lost for told in `error`. */
  readonly lost: number;
  /** Failed writes. */
  readonly errors: number;
  /** The code of the failure that stands just now, such as `ENOSPC`; `null`: records are written. */
  readonly failing: string | null;
  /** SHA-256 of the newest record, in hexadecimal. */
  readonly head: string | null;
}

/** The audit trail as those see it who write into it. Never throws. */
export interface Trail {
  call(road: Road, record: CallRecord): void;
  event(event: AgentEvent, fields?: Readonly<Record<string, string | number | boolean | null>>): void;
  state(): TrailState;
  /** Writes what is left; settles when it is on the disk. */
  close(): Promise<void>;
}

/** No trail: nothing is kept. */
export const noTrail: Trail = {
  call() {},
  event() {},
  state: () => ({ instance: null, written: 0, lost: 0, errors: 0, failing: null, head: null }),
  close: async () => {},
};
