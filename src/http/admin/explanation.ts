import { METHODS } from '../../rules/rule-schema.ts';
import type { Question } from '../../rules/rule-set.ts';
import type { NearMiss, Verdict } from '../../rules/verdict.ts';

/** What a person asks of the rules. */
export interface ExplainQuestion {
  readonly method: string;
  readonly url: string;
  /** `private`: from Snyk to Bitbucket; `public`: a webhook. */
  readonly list: 'private' | 'public';
}

/** What the rules say to it, without anything of a login. */
export interface Explanation {
  readonly allowed: boolean;
  readonly ruleId: string | null;
  readonly reason: string;
  /** Where the rule stands in the accept list. */
  readonly where: string | null;
  /** The URL as it would go to Bitbucket. */
  readonly sent: string | null;
  readonly nearMisses: readonly NearMiss[];
}

/** Asks the rules. */
export type Explain = (question: Question, list: ExplainQuestion['list']) => Verdict;

/** From a request's query, whatever is in it. */
export function questionOf({ method, url, list }: Readonly<Record<string, unknown>>): ExplainQuestion {
  const named = typeof method === 'string' ? method.toUpperCase() : '';
  return {
    method: METHODS.has(named) ? named : 'GET',
    url: typeof url === 'string' ? url : '',
    list: list === 'public' ? 'public' : 'private',
  };
}

/** The answer; `null` when there is no question. */
export function explanationOf({ method, url, list }: ExplainQuestion, explain: Explain): Explanation | null {
  if (url === '') return null;
  const { allowed, rule, ruleId, reason, nearMisses } = explain(
    { method, url, headers: {}, body: null },
    list,
  );
  return {
    allowed,
    ruleId,
    reason,
    where: rule?.where ?? null,
    sent: rule === null || rule.origin === '' ? null : `${rule.origin}${rule.basePath}${url}`,
    nearMisses,
  };
}
