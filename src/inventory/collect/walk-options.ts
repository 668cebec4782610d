import type { Skip } from '../entity.ts';
import type { Ledger, Scope } from '../ledger/ledger.ts';
import type { Normaliser } from '../normalise/normaliser.ts';
import type { Privacy } from '../privacy.ts';
import type { OwnCalls } from './own-calls.ts';
import type { Plan } from './plan.ts';
import type { Progress } from './progress.ts';
import type { SkipCount } from './skip-count.ts';

export interface CollectOptions {
  readonly scope: Scope;
  /** `planOf` of the same scope. */
  readonly plan: Plan;
  readonly calls: Pick<OwnCalls, 'get'>;
  readonly ledger: Pick<Ledger, 'store' | 'keep' | 'unseen' | 'enrichments' | 'rememberPlaces'>;
  readonly normaliser: Normaliser;
  readonly privacy: Pick<Privacy, 'includes' | 'unusedIncludes' | 'user' | 'repository'>;
  /** How many projects are walked at the same time. */
  readonly concurrency: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly progress?: (progress: Progress) => void;
  /** Hears what the operator should know and what stops nothing. */
  readonly note?: (text: string) => void;
  /** Hears each skip that is counted. */
  readonly skipped?: (skip: Skip) => void;
}

/** What the walks share. */
export interface WalkOptions extends CollectOptions {
  readonly skips: SkipCount;
}
