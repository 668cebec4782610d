import type { JsonReader, JsonReply } from '../../bitbucket/read-json.ts';
import { impersonal } from '../../bitbucket/refused-error.ts';
import type { Login } from '../../bitbucket/send.ts';
import type { CallRecord } from '../../call.ts';
import { AgentError } from '../../errors.ts';
import { recordedMs, recordedTarget } from '../../recorded-call.ts';
import type { RuleSet } from '../../rules/rule-set.ts';
import { pathEnd } from '../../rules/target.ts';
import type { Rule } from '../../rules/verdict.ts';
import { ruleSuggestion, VIEWS } from './suggested-rule.ts';

/** A call that no rule sends to Bitbucket's REST API. */
export interface MissingRule {
  readonly url: string;
  /** `/projects/:projectKey/repos`. */
  readonly path: string;
  /** The rule to add, as JSON. */
  readonly rule: string;
  /** What stands in the way where it is not just that there is no such rule. */
  readonly because: string | null;
}

/** The agent's own calls. They pass the accept list as every call does, and are recorded as every call is. */
export interface OwnCalls {
  /**
   * Reads JSON with GET. 2xx and 4xx resolve. @param url path and query, relative to Bitbucket's REST API
   * @throws AgentError `RULE_MISSING`, or what the reader fails with
   */
  get(url: string, signal?: AbortSignal): Promise<JsonReply>;
  /** Those of the calls that the accept list does not allow; nothing is sent. */
  missing(urls: readonly string[]): readonly MissingRule[];
  /** The rule that sends the call to Bitbucket; `null`: none does. */
  ruleFor(url: string): Rule | null;
}

export interface OwnCallsOptions {
  readonly rules: RuleSet;
  loginOf(rule: Rule): Login | null;
  readonly read: JsonReader;
  readonly bitbucket: {
    /** `https://host[:port][/context]`. */
    readonly baseUrl: string;
    /** Where the REST API is, when it is elsewhere: `https://host/rest/api/1.0`. */
    readonly apiUrl?: string;
  };
  /**
   * Hears of each call: as the rule saw it, without the owner of a personal project in the path. `status` is
   * Bitbucket's last one; `ms` has all tries in it and the time it waited for the rate budget.
   */
  record?(record: CallRecord): void;
  /** Records keep the query. */
  readonly keepQuery?: boolean;
  readonly now?: () => number;
}

/** What the reader sends, as far as a rule may ask for it. */
const HEADERS = { accept: 'application/json', 'accept-encoding': 'gzip' };

type Way =
  | { readonly rule: Rule; readonly url: string }
  | { readonly rule: null; readonly reason: string; readonly because: string | null };

/** @see OwnCalls */
export function createOwnCalls(options: OwnCallsOptions): OwnCalls {
  const { loginOf, read, record, keepQuery, now = performance.now.bind(performance) } = options;
  const addresses = addressesOf(options);
  const way = wayFinder(options, addresses);
  const suggested = ruleSuggestion(options.rules.private, addresses);
  const note = (
    url: string,
    started: number,
    found: Way,
    rest: Pick<CallRecord, 'status' | 'bytes' | 'code'>,
  ): void =>
    record?.({
      requestId: null,
      method: 'GET',
      ...recordedTarget(impersonal(url.slice(0, pathEnd(url))) + url.slice(pathEnd(url)), keepQuery === true),
      allowed: found.rule !== null,
      ruleId: found.rule?.id ?? null,
      reason: found.rule === null ? found.reason : 'allowed',
      ms: recordedMs(now() - started),
      ...rest,
    });
  return {
    missing: (urls) => urls.flatMap((url) => missingRule(url, way(url), suggested) ?? []),
    ruleFor: (url) => way(url).rule,
    async get(url, signal) {
      const started = now();
      const found = way(url);
      if (found.rule === null) {
        note(url, started, found, { status: 0, bytes: 0, code: 'RULE_MISSING' });
        throw ruleMissing([missingRule(url, found, suggested)].filter((rule) => rule !== null));
      }
      const { rule } = found;
      const { origin, basePath } = rule;
      const request = { origin, path: basePath + found.url, login: loginOf(rule) };
      try {
        const reply = await read(signal === undefined ? request : { ...request, signal });
        note(found.url, started, found, { status: reply.status, bytes: reply.bytes });
        return reply;
      } catch (error) {
        const code = error instanceof AgentError ? error.code : 'INTERNAL';
        note(found.url, started, found, { status: 0, bytes: 0, code });
        throw error;
      }
    },
  };
}

/** Told before a run starts, all at once: what the accept list lacks, and what to add. */
export function ruleMissing(missing: readonly MissingRule[]): AgentError {
  const lines = missing.map(({ path, because }) => `  GET ${path}${because === null ? '' : ` (${because})`}`);
  return new AgentError(
    'RULE_MISSING',
    `The accept list does not allow ${missing.length} call(s) that the inventory needs:\n${lines.join('\n')}`,
    { hint: `Add to "private":\n${missing.map(({ rule }) => `  ${rule}`).join(',\n')}` },
  );
}

function addressesOf({ bitbucket: { baseUrl, apiUrl } }: OwnCallsOptions): readonly string[] {
  const usual = [`${baseUrl}/rest/api/1.0`, `${baseUrl}/rest/api/latest`];
  return (apiUrl === undefined ? usual : [apiUrl, ...usual]).map(plain);
}

/** Finds the rule that sends a call to Bitbucket's REST API, asking for the call as each kind of rule would see it. */
function wayFinder({ rules }: OwnCallsOptions, addresses: readonly string[]): (url: string) => Way {
  return (url) => {
    let reason = '';
    let because: string | null = null;
    for (const view of VIEWS) {
      const seen = view + url;
      const verdict = rules.decide({ method: 'GET', url: seen, headers: HEADERS, body: null });
      const { rule } = verdict;
      if (rule !== null) {
        const target = rule.origin + rule.basePath + seen;
        if (addresses.some((address) => target === address + url)) return { rule, url: seen };
        because ??= `${rule.where} sends it to ${rule.origin}${rule.basePath}`;
      } else if (verdict.nearMisses[0] !== undefined) {
        because ??= `${verdict.nearMisses[0].ruleId}: ${verdict.nearMisses[0].detail}`;
      }
      if (reason === '' || reason === 'no-rule') reason = rule === null ? verdict.reason : 'no-rule';
    }
    return { rule: null, reason, because };
  };
}

/** As a rule's origin is written: the host in lower case, without the scheme's own port. */
function plain(address: string): string {
  const { origin, pathname } = new URL(address);
  return origin + pathname.replace(/\/+$/, '');
}

function missingRule(url: string, found: Way, ruleFor: (path: string) => string): MissingRule | null {
  if (found.rule !== null) return null;
  const path = url
    .slice(0, pathEnd(url))
    .replace(/^\/projects\/[^/]+/, '/projects/:projectKey')
    .replace(/\/repos\/[^/]+/, '/repos/:repositorySlug');
  return { url, path, rule: ruleFor(path), because: found.because };
}
