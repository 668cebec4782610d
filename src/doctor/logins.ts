import { isNamed } from '../bitbucket/named-answers.ts';
import type { JsonReply } from '../bitbucket/read-json.ts';
import type { Credential } from '../bitbucket/send.ts';
import type { Rule } from '../rules/verdict.ts';
import { shownText } from '../shown-text.ts';
import type { BitbucketDesk } from './bitbucket-desk.ts';
import { failedCall } from './failed-call.ts';
import { fail, pass, type Result, skip, warn } from './finding.ts';

/** What one credential came to. */
export interface LoginSight {
  /** `null`: the rules have no login at all. */
  readonly credential: Credential | null;
  /** What was asked: path and query as the rule saw it, and where it went. */
  readonly asked: { readonly rule: Rule; readonly url: string } | null;
  /** Bitbucket's; 0: there was no answer. */
  readonly status: number;
  readonly result: Result;
}

/** Lists, those first that nobody may read: whoever gets one is logged in. */
const ASKED = ['/users?limit=1', '/admin/users?limit=1', '/projects?limit=1', '/repos?limit=1'];
const CLOSED = /users\?/;

/** Tries every credential that the accept list's rules log in with at Bitbucket, each once, one after the other. */
export async function tryLogins(desk: BitbucketDesk, signal: AbortSignal): Promise<readonly LoginSight[]> {
  const sights: LoginSight[] = [];
  for (const { credentials, url } of loginsOf(desk)) {
    for (const credential of credentials) sights.push(await tryLogin(desk, credential, url, signal));
  }
  return sights;
}

interface RuleLogin {
  readonly credentials: readonly (Credential | null)[];
  /** A list that a rule with this login reads; `null`: there is none. */
  readonly url: string | null;
}

/** Rules that say the same share one login. */
function loginsOf(desk: BitbucketDesk): readonly RuleLogin[] {
  const found = new Map<string, RuleLogin>();
  const add = (rule: Rule, url: string | null) => {
    const credentials = desk.credentialsOf(rule);
    const key = credentials.map(({ authorization }) => authorization).join('\n');
    if (found.has(key)) return;
    found.set(key, { credentials, url });
  };
  for (const url of ASKED) {
    const rule = desk.ruleFor(url);
    if (rule !== null) add(rule, url);
  }
  for (const rule of desk.rules.private) if (rule.auth !== null) add(rule, null);
  const logins = [...found.values()];
  const some = logins.filter(({ credentials }) => credentials.length > 0);
  return some.length > 0 ? some : logins.map(({ url }) => ({ url, credentials: [null] }));
}

async function tryLogin(
  desk: BitbucketDesk,
  credential: Credential | null,
  url: string | null,
  signal: AbortSignal,
): Promise<LoginSight> {
  const rule = url === null ? null : desk.ruleFor(url);
  if (url === null || rule === null) {
    const name = credential?.name ?? 'the login';
    const result = skip(`${name} cannot be tried: no rule with it reads a list of Bitbucket's`);
    return { credential, asked: null, status: 0, result };
  }
  const asked = { rule, url };
  try {
    const reply = await desk.callsAs(() => credential).get(url, signal);
    return { credential, asked, status: reply.status, result: judge(credential, url, reply) };
  } catch (error) {
    return { credential, asked, status: 0, result: failedCall(error, credential?.name) };
  }
}

const CHECK =
  'Check that it is typed right, not expired, and belongs to a user with a licence for Bitbucket.';

/** Bitbucket answers 200 to a bad token where anonymous access is on: only `X-AUSERNAME` tells that it knows it. */
function judge(credential: Credential | null, url: string, reply: JsonReply): Result {
  const { status, headers, exception } = reply;
  if (credential === null) {
    if (status < 400) return pass('none: the rules have no login, and Bitbucket answers nobody too');
    return fail(`the rules have no login, and Bitbucket answers ${status}`, 'Give the rules an "auth".');
  }
  const { name } = credential;
  const data = { credential: name, status };
  if (status === 429) {
    return warn(`${name}: Bitbucket limits its rate just now (429)`, 'Try again in a minute.', data);
  }
  if (status >= 500) {
    return fail(`${name}: Bitbucket answers ${status}`, 'See what is wrong with Bitbucket.', data);
  }
  if (isNamed(headers)) return pass(`${name} is valid${whoseToken(credential, headers)}`, data);
  if (status < 300) return unnamed(name, url, data);
  const told = shownText(exception.slice(exception.lastIndexOf('.') + 1), 80);
  const why = told === '' ? '' : `, ${told}`;
  if (status === 401) return fail(`${name} is not accepted (401${why})`, CHECK, data);
  const captcha = 'See whether Bitbucket asks its user for a CAPTCHA, and what stands before Bitbucket.';
  return fail(`${name}: Bitbucket answers ${status}${why}, and names no user`, captcha, data);
}

/** A token does not say by itself whose it is; a user name was set by the operator and is not repeated. */
function whoseToken({ authorization }: Credential, headers: JsonReply['headers']): string {
  if (!authorization.startsWith('Bearer ')) return '';
  const name = String(headers['x-ausername'] ?? '');
  try {
    return `, of the user ${shownText(decodeURIComponent(name), 100)}`;
  } catch {
    return `, of the user ${shownText(name, 100)}`;
  }
}

function unnamed(name: string, url: string, data: NonNullable<Result['data']>): Result {
  if (!CLOSED.test(url)) {
    const todo = `${CHECK} Anonymous access is on, so that Bitbucket answers it as it answers nobody.`;
    return fail(`${name} is not accepted: Bitbucket answers as to nobody`, todo, data);
  }
  const todo = 'Have the proxy before Bitbucket leave X-AUSERNAME in the answers.';
  return warn(`${name} works, but the answer does not name its user`, todo, data);
}
