import type { RuleSet } from './rule-set.ts';
import type { Rule } from './verdict.ts';

/** How often a rule has allowed a call. */
export interface RuleUsage {
  readonly hits: number;
  /** ISO 8601. */
  readonly lastAt: string | null;
}

/** One rule in force, as `rules list` shows it. */
export interface ListedRule {
  readonly list: 'private' | 'public';
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly purpose: string | null;
  readonly permission: string | null;
  /** See {@link provenance}. */
  readonly from: string;
  /** Only GET and HEAD of it get through, as `ALLOW_WRITES` is not true. */
  readonly writesOff: boolean;
  /** `null`: not known. */
  readonly hits: number | null;
  readonly lastAt: string | null;
}

export interface ListingOptions {
  /** The agent's version where the list is the one that comes with it, else `null`. */
  readonly shippedWith: string | null;
  /** By rule id; `null`: nothing is known of hits. */
  readonly usage: ReadonlyMap<string, RuleUsage> | null;
}

/** All rules in force, private ones first, in the order in which they are asked. */
export const listRules = (rules: RuleSet, { shippedWith, usage }: ListingOptions): ListedRule[] =>
  [...rules.private, ...rules.public].map((rule) => {
    const { list, id, method, path, purpose, permission, writesOff } = rule;
    const used = usage?.get(id);
    return {
      list,
      id,
      method,
      path,
      purpose,
      permission,
      from: provenance(rule, shippedWith),
      writesOff,
      hits: usage === null ? null : (used?.hits ?? 0),
      lastAt: used?.lastAt ?? null,
    };
  });

/** Where a rule comes from: `shipped with 0.1.0`, or `FILE, private rule 3 (line 41)`. */
export const provenance = ({ where }: Rule, shippedWith: string | null): string =>
  shippedWith === null ? where : `shipped with ${shippedWith}`;
