import type { TrailState } from '../../audit/trail.ts';
import type { CallRecord, Road } from '../../call.ts';
import type { InventoryStatus } from '../../inventory/progress.ts';

/** One socket of the tunnel. Times are epoch milliseconds here and below. */
export interface SocketStatus {
  readonly role: string;
  readonly open: boolean;
  /** The last change between open and not open. */
  readonly since: number;
  /** How often it was open and got lost. */
  readonly reconnects: number;
  readonly lastError: string | null;
}

/** Whether an operator has paused relaying in this process. */
export interface PauseStatus {
  /** `null`: not paused. */
  readonly since: number | null;
  /** What went wrong when that was written down for the next start. */
  readonly problem: string | null;
}

/** One rule, and what it has done since the start. */
export interface RuleStatus {
  readonly id: string;
  readonly list: 'private' | 'public';
  readonly method: string;
  readonly path: string;
  /** Empty for public rules. */
  readonly origin: string;
  readonly where: string;
  readonly purpose: string | null;
  readonly permission: string | null;
  readonly hits: number;
  readonly lastAt: number | null;
}

/** What is to be said about the rules themselves. */
export interface LintStatus {
  readonly errors: number;
  readonly warnings: number;
  readonly findings: readonly {
    readonly level: string;
    readonly ruleId: string | null;
    readonly text: string;
  }[];
}

export interface RulesStatus {
  readonly file: string;
  /** The list that comes with the agent. */
  readonly shipped: boolean;
  readonly writes: boolean;
  readonly rules: readonly RuleStatus[];
  /** `sha256:…`. */
  readonly hash?: string;
  readonly lint?: LintStatus;
}

/** A call that was decided here. Without its query: that is for the audit only. */
export interface RecentCall extends Omit<CallRecord, 'query'> {
  readonly road: Road;
  readonly at: number;
}

/** Where the inventory is that this process does not keep: with the agent at `url`, or with none that can be asked. */
export type PlaceStatus = { readonly kind: 'nowhere' } | { readonly kind: 'there'; readonly url: string };

/** All that the operators' port tells, at one moment. No secret, no query, no body. */
export interface AdminStatus {
  readonly at: number;
  readonly startedAt: number;
  readonly version: string;
  readonly profile: string | null;
  readonly brokerServer: string;
  readonly bitbucket: string;
  readonly draining: boolean;
  readonly tunnel: readonly SocketStatus[];
  readonly pause: PauseStatus;
  readonly rules: RulesStatus;
  /** An error code where the state folder cannot be read. */
  readonly inventory:
    | (InventoryStatus & { readonly enabled: boolean; readonly place?: PlaceStatus })
    | { readonly error: string };
  /** Newest first. */
  readonly recent: readonly RecentCall[];
  readonly audit?: TrailState;
}

/** Takes calls: a socket is open, and the process is not on its way out. As `/readyz` has it. */
export const isReady = ({ tunnel, draining }: Pick<AdminStatus, 'tunnel' | 'draining'>): boolean =>
  !draining && tunnel.some(({ open }) => open);
