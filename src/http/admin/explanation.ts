import { AGENT_ORIGIN } from '../../rules/agent-origin.ts';
import type { Explained } from '../../rules/explain.ts';
import type { Question } from '../../rules/rule-set.ts';
import type { NearMiss, Rule } from '../../rules/verdict.ts';

/** As long as any method that comes with a call. */
const LONGEST_METHOD = 20;

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
  /** The path and query that the rules were asked about: of a whole address, what stands behind its base. */
  readonly seen: string;
  /** Where an allowed call goes: `agent` is this agent, which answers it itself. */
  readonly to: 'bitbucket' | 'snyk' | 'agent' | null;
  /** The URL as it would go to Bitbucket. */
  readonly sent: string | null;
  readonly nearMisses: readonly NearMiss[];
}

/** Asks the rules. */
export type Explain = (question: Question, list: ExplainQuestion['list']) => Explained;

/** From a request's query, whatever is in it. */
export function questionOf({ method, url, list }: Readonly<Record<string, unknown>>): ExplainQuestion {
  const named = typeof method === 'string' ? method.trim().toUpperCase().slice(0, LONGEST_METHOD) : '';
  return {
    method: named === '' ? 'GET' : named,
    url: typeof url === 'string' ? url : '',
    list: list === 'public' ? 'public' : 'private',
  };
}

/** The answer; `null` when there is no question. */
export function explanationOf({ method, url, list }: ExplainQuestion, explain: Explain): Explanation | null {
  if (url === '') return null;
  const { seen, verdict } = explain({ method, url, headers: {}, body: null }, list);
  const { allowed, rule, ruleId, reason, nearMisses } = verdict;
  const to = rule === null ? null : destinationOf(rule);
  return {
    allowed,
    ruleId,
    reason,
    where: rule?.where ?? null,
    seen: seen.url,
    to,
    sent: rule === null || to !== 'bitbucket' ? null : `${rule.origin}${rule.basePath}${seen.url}`,
    nearMisses,
  };
}

function destinationOf({ list, origin }: Rule): NonNullable<Explanation['to']> {
  if (list === 'public') return 'snyk';
  return origin === AGENT_ORIGIN ? 'agent' : 'bitbucket';
}
