import { RefusedError } from '../../bitbucket/refused-error.ts';
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../errors.ts';
import { planOf } from '../../inventory/collect/plan.ts';
import { member } from '../ask.ts';
import type { BitbucketDesk } from '../bitbucket-desk.ts';
import { failedCall } from '../failed-call.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { LoginSight } from '../logins.ts';
import type { Check } from '../run-checks.ts';

export const CREDENTIALS = 'credentials';
export const VISIBLE = 'visible';

/** Each credential by the name of its variable, with what `sights` has found. */
export const credentialsCheck = (
  needs: readonly string[],
  sights: (signal: AbortSignal) => Promise<readonly LoginSight[]>,
): Check => ({
  name: CREDENTIALS,
  needs,
  limitMs: 60_000,
  run: async (signal) => (await sights(signal)).map(({ result }) => result),
});

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

/** What the first credential that works is shown of each list that the inventory reads, by its first page. */
export function sightCheck(
  config: Config,
  desk: BitbucketDesk,
  sights: (signal: AbortSignal) => Promise<readonly LoginSight[]>,
): Check {
  const { enabled } = config.inventory;
  return {
    name: VISIBLE,
    needs: [CREDENTIALS],
    limitMs: 60_000,
    run: async (signal) => {
      const working = new Set(
        (await sights(signal)).flatMap(({ credential, result }) =>
          credential !== null && (result.verdict === 'PASS' || result.verdict === 'WARN')
            ? [credential.authorization]
            : [],
        ),
      );
      const calls = desk.callsAs((rule) => {
        const own = desk.credentialsOf(rule);
        return own.find(({ authorization }) => working.has(authorization)) ?? own[0] ?? null;
      });
      const results: { list: List; result: Result }[] = [];
      for (const list of LISTS)
        results.push({ list, result: await look(desk, calls, list, enabled, signal) });
      return withoutUsers(results, enabled);
    },
  };
}

/** One list of users is enough; with none the inventory has no users at all. */
function withoutUsers(
  results: readonly { readonly list: List; readonly result: Result }[],
  enabled: boolean,
): readonly Result[] {
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
    return failedCall(error);
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

/** Everything the inventory asks for, as the accept list sees it: nothing is sent. */
export function inventoryRulesCheck({ inventory }: Config, desk: BitbucketDesk): Check {
  return {
    name: 'inventory rules',
    run: () => {
      if (!inventory.enabled)
        return [pass('the inventory is off: PROFILE_NAME or INVENTORY_ENABLED says so')];
      const omits = (field: string) => inventory.omitFields.some((omitted) => omitted === field);
      const scope = { users: true, repositories: true, enrichment: true };
      try {
        const { notes } = planOf(scope, { omits, includedKeys: null }, { missing: desk.missing });
        if (notes.length === 0) return [pass('the accept list allows every call the inventory makes')];
        return notes.map((note) => {
          const [what = '', todo = ''] = note.split(/(?= To change that )/);
          return warn(what, todo.trim() || 'See docs/inventory.md.');
        });
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        return [fail(error.message, error.hint ?? 'See docs/inventory.md.')];
      }
    },
  };
}
