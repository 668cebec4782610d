import type { Conditions } from './conditions.ts';
import type { Auth } from './rule-schema.ts';
import type { TargetFlaw } from './target.ts';

/** One compiled rule. What goes out for it is `basePath` + the call's url, byte for byte, to `origin`. */
export interface Rule {
  /** The rule's own id, or one made from its place, method and path. Unique in the file. */
  readonly id: string;
  readonly list: 'private' | 'public';
  /** `FILE, private rule 3 (line 41)`. */
  readonly where: string;
  /** Upper case; `ANY` stands for GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS. */
  readonly method: string;
  /** As the accept list has it: a pattern of path-to-regexp 1.9. */
  readonly path: string;
  /** `scheme://host[:port]`; `agent:` for what the agent answers itself; empty for a public rule. */
  readonly origin: string;
  /** What stands before the call's url: empty, or a path without a slash at its end. */
  readonly basePath: string;
  /** Texts in which `${NAME}` stands for a secret; `null`: the call goes out without authorisation. */
  readonly auth: Auth | null;
  readonly conditions: Conditions | null;
  /** The rule has an encoded slash of its own, so a call's path may have one too. */
  readonly encodedSlash: boolean;
  /** Nothing but GET and HEAD gets through. */
  readonly writesOff: boolean;
  readonly comment: string | null;
  readonly purpose: string | null;
  readonly permission: string | null;
}

/**
 * Why a call is allowed or refused. A {@link TargetFlaw} is found before any rule is looked at. Then:
 * `no-rule`: no rule has this path. `method`: a rule has the path, none has the method.
 * `encoded-slash`: `%2f` in the path, none in the rule's. `write-off`: a rule would allow it, but writes are off.
 * `valid-query`, `valid-header`, `valid-body`: a condition of the rule is not met.
 */
export type Reason =
  | 'allowed'
  | TargetFlaw
  | 'no-rule'
  | 'method'
  | 'encoded-slash'
  | 'write-off'
  | 'valid-query'
  | 'valid-header'
  | 'valid-body';

/** A rule that almost allowed the call: what it missed and, in words about the rule only, why. */
export interface NearMiss {
  readonly ruleId: string;
  readonly aspect: 'method' | 'path' | 'query' | 'header' | 'body' | 'encoding' | 'write';
  /** Quotes the rule, never the call: it may be logged. */
  readonly detail: string;
}

/** The one answer to "may this call pass?". `rule` and `ruleId` are set only when it may. */
export interface Verdict {
  readonly allowed: boolean;
  readonly rule: Rule | null;
  readonly ruleId: string | null;
  readonly reason: Reason;
  /** The rules whose method and path fit and that still said no, in file order. */
  readonly nearMisses: readonly NearMiss[];
}
