import { AgentError } from '../errors.ts';
import { BitbucketDesk, type BitbucketDeskOptions } from './bitbucket-desk.ts';
import { type LoginSight, tryLogins } from './logins.ts';
import { Observations } from './observations.ts';

/** One credential, in the form of the Snyk Broker client 5.22.14 (its system check handler). */
export interface SystemcheckItem {
  readonly brokerClientValidationUrl: string;
  readonly brokerClientValidationMethod: 'GET';
  readonly brokerClientValidationTimeoutMs: number;
  readonly brokerClientValidationUrlStatusCode?: number;
  readonly ok: boolean;
  readonly error?: string;
  /** Never a part of it; `null`: there is no login. */
  readonly maskedCredentials: '***' | null;
  /** The variable it comes from; not in the official answer. */
  readonly credential: string | null;
}

export interface SystemcheckAnswer {
  readonly ok: boolean;
  readonly items: readonly SystemcheckItem[];
}

/** For all credentials together. */
const LIMIT_MS = 30_000;
/** Anybody may ask: Bitbucket hears of it no more often than this. */
const KEPT_MS = 10_000;

/**
 * The official system check: whether each credential is one. One check at a time, and its answer is kept for 10 s.
 *
 * @param time monotonic milliseconds
 */
export function createSystemcheck(
  options: Omit<BitbucketDeskOptions, 'observations' | 'now'>,
  time: () => number = performance.now.bind(performance),
): () => Promise<SystemcheckAnswer> {
  let answer: Promise<SystemcheckAnswer> | null = null;
  let freshUntil = Number.POSITIVE_INFINITY;
  return () => {
    if (answer !== null && time() < freshUntil) return answer;
    freshUntil = Number.POSITIVE_INFINITY;
    answer = check(options).finally(() => {
      freshUntil = time() + KEPT_MS;
    });
    return answer;
  };
}

async function check(
  options: Omit<BitbucketDeskOptions, 'observations' | 'now'>,
): Promise<SystemcheckAnswer> {
  const desk = new BitbucketDesk({ ...options, observations: new Observations(), now: Date.now });
  const sights = await tryLogins(desk, AbortSignal.timeout(LIMIT_MS));
  const items = sights.filter(({ asked }) => asked !== null).map(itemOf);
  if (items.length === 0)
    throw new AgentError('RULE_MISSING', 'No rule reads a list with any of the logins.');
  return { ok: items.every(({ ok }) => ok), items };
}

function itemOf({ credential, asked, status, result }: LoginSight): SystemcheckItem {
  const ok = result.verdict === 'PASS' || (result.verdict === 'WARN' && status >= 200 && status < 300);
  // As the official client tells a token that is answered as nobody is.
  const told = !ok && status >= 200 && status < 300 ? 401 : status;
  return {
    brokerClientValidationUrl: asked === null ? '' : asked.rule.origin + asked.rule.basePath + asked.url,
    brokerClientValidationMethod: 'GET',
    brokerClientValidationTimeoutMs: LIMIT_MS,
    ...(told === 0 ? {} : { brokerClientValidationUrlStatusCode: told }),
    ok,
    ...(ok ? {} : { error: errorOf(told, result.data) }),
    maskedCredentials: credential === null ? null : '***',
    credential: credential?.name ?? null,
  };
}

function errorOf(status: number, data: LoginSight['result']['data']): string {
  if (status === 401 || status === 403) return 'Failed due to invalid credentials';
  return status === 0 ? `No answer (${data?.code ?? 'time is up'})` : 'Status code is not 2xx';
}
