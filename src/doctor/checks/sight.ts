import { RefusedError } from '../../bitbucket/refused-error.ts';
import type { Credential } from '../../bitbucket/send.ts';
import type { Config } from '../../config/config.ts';
import { member } from '../ask.ts';
import type { BitbucketDesk } from '../bitbucket-desk.ts';
import { failedCall } from '../failed-call.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { LoginSight } from '../logins.ts';
import type { Check } from '../run-checks.ts';
import { CREDENTIALS } from './credentials.ts';

export const VISIBLE = 'visible';

interface List {
  readonly name: string;
  readonly url: string;
  /** The inventory cannot do without it. */
  readonly vital: boolean;
  /** What is lost without it. */
  readonly loss: string;
}

const LISTS: readonly List[] = [
  { name: 'projects', url: '/projects?limit=25', vital: true, loss: 'no repositories can be read' },
  {
    name: 'repositories',
    url: '/repos?archived=ALL&limit=25',
    vital: true,
    loss: 'no repositories can be read',
  },
  { name: 'users', url: '/users?limit=25', vital: false, loss: 'service users are left out' },
  {
    name: 'admin users',
    url: '/admin/users?limit=25',
    vital: false,
    loss: 'users come without their last login',
  },
];

/** Of a larger pool only so many are compared. */
const MOST_COMPARED = 5;

/**
 * What the first credential that works is shown of each list that the inventory reads, by its first page; and whether
 * others of a pool are shown the same, as a run takes them in turn.
 */
export function sightCheck(
  config: Config,
  desk: BitbucketDesk,
  sights: (signal: AbortSignal) => Promise<readonly LoginSight[]>,
): Check {
  const { enabled } = config.inventory;
  return {
    name: VISIBLE,
    needs: [CREDENTIALS],
    limitMs: 30_000,
    run: async (signal) => {
      const working = (await sights(signal)).flatMap(({ credential, result }) =>
        credential !== null && (result.verdict === 'PASS' || result.verdict === 'WARN') ? [credential] : [],
      );
      const first = await lookAs(working, desk, enabled, signal);
      const others: Result[] = [];
      for (const credential of poolOf(working, desk).slice(1, MOST_COMPARED)) {
        const seen = await lookAs([credential], desk, enabled, signal);
        others.push(...difference(credential.name, first, seen));
      }
      return [...withoutUsers(first, enabled), ...others];
    },
  };
}

interface Look {
  readonly list: List;
  readonly result: Result;
}

async function lookAs(
  chosen: readonly Credential[],
  desk: BitbucketDesk,
  enabled: boolean,
  signal: AbortSignal,
): Promise<readonly Look[]> {
  const wanted = new Set(chosen.map(({ authorization }) => authorization));
  const calls = desk.callsAs((rule) => {
    const own = desk.credentialsOf(rule);
    return own.find(({ authorization }) => wanted.has(authorization)) ?? own[0] ?? null;
  });
  const looks: Look[] = [];
  for (const list of LISTS) looks.push({ list, result: await look(desk, calls, list, enabled, signal) });
  return looks;
}

/** Those that work of the login that reads the first list there is a rule for. */
function poolOf(working: readonly Credential[], desk: BitbucketDesk): readonly Credential[] {
  const rule = LISTS.map(({ url }) => desk.ruleFor(url)).find((found) => found !== null);
  const own = new Set(
    (rule == null ? [] : desk.credentialsOf(rule)).map(({ authorization }) => authorization),
  );
  return working.filter(({ authorization }) => own.has(authorization));
}

function difference(name: string, first: readonly Look[], seen: readonly Look[]): readonly Result[] {
  const known = ({ data }: Result) => data?.limited !== true;
  const key = ({ verdict, data }: Result) => `${verdict} ${data?.seen} ${data?.more}`;
  const others = seen.filter(({ result }, index) => {
    const before = first[index]?.result;
    return before !== undefined && known(before) && known(result) && key(before) !== key(result);
  });
  if (others.length === 0) return [];
  const lists = others.map(({ result }) => result.what).join('; ');
  const todo =
    'Give all credentials of the pool to users with the same permissions: a run takes them in turn.';
  return [warn(`${name} is shown something else: ${lists}`, todo, { credential: name })];
}

/** One list of users is enough; with none the inventory has no users at all. */
function withoutUsers(results: readonly Look[], enabled: boolean): readonly Result[] {
  const ofUsers = results.filter(({ list }) => !list.vital);
  const none = ofUsers.every(({ result }) => result.verdict !== 'PASS' && member(result.data, 'seen') !== 0);
  if (!none || !enabled) return results.map(({ result }) => result);
  return results.map(({ list, result }) => (list.vital ? result : { ...result, verdict: 'FAIL' as const }));
}

async function look(
  desk: BitbucketDesk,
  calls: ReturnType<BitbucketDesk['callsAs']>,
  { name, url, vital, loss }: List,
  enabled: boolean,
  signal: AbortSignal,
): Promise<Result> {
  const bad = vital && enabled ? fail : warn;
  const [missing] = desk.missing([url]);
  if (missing !== undefined) {
    const because = missing.because === null ? '' : ` (${missing.because})`;
    const what = `${name}: no rule allows GET ${missing.path}${because}; ${loss}`;
    return bad(what, `Add to "private": ${missing.rule}`, { list: name, rule: missing.rule });
  }
  try {
    const reply = await calls.get(url, signal);
    if (reply.status === 429) {
      return warn(`${name}: Bitbucket limits its rate just now (429)`, 'Try again in a minute.', {
        list: name,
      });
    }
    if (reply.status >= 400) {
      const { message, hint = '' } = new RefusedError(url, reply);
      return bad(`${name}: ${message.replace(/\.$/, '')}; ${loss}`, hint, {
        list: name,
        status: reply.status,
      });
    }
    return counted(name, reply.value);
  } catch (error) {
    const failed = failedCall(error, `${name} (${loss})`);
    return vital ? failed : { ...failed, verdict: 'WARN' };
  }
}

function counted(name: string, page: unknown): Result {
  const values = member(page, 'values');
  if (!Array.isArray(values)) {
    const todo = 'See what stands between the agent and Bitbucket, and answers in its place.';
    return fail(`${name}: the answer is no page of Bitbucket's`, todo, { list: name });
  }
  const more = member(page, 'isLastPage') === false;
  const data = { list: name, seen: values.length, more };
  if (values.length > 0 || more) return pass(`${name}: ${values.length}${more ? ' or more' : ''}`, data);
  return warn(`${name}: none`, `See in Bitbucket what the user of the login may see.`, data);
}
