import type { JsonReply } from '../../bitbucket/read-json.ts';
import type { Config } from '../../config/config.ts';
import { VERSION_URL } from '../../inventory/collect/plan.ts';
import { shownText } from '../../shown-text.ts';
import { member } from '../ask.ts';
import type { BitbucketDesk } from '../bitbucket-desk.ts';
import { failedCall } from '../failed-call.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { Check } from '../run-checks.ts';
import { BITBUCKET } from '../targets.ts';

/** What this agent was tried with: the first has `archived` in no answer, the last is the newest major one. */
const OLDEST_MAJOR = 7;
const NEWEST_MAJOR = 10;
/** The last major version that was sold as Bitbucket Server. */
const LAST_SERVER_MAJOR = 7;

/** Whether Bitbucket is there, and which. Its version is told to everybody. */
export function bitbucketCheck(needs: readonly string[], { bitbucket }: Config, desk: BitbucketDesk): Check {
  return {
    name: BITBUCKET,
    needs,
    run: async (signal) => {
      const { baseUrl } = bitbucket;
      const [missing] = desk.missing([VERSION_URL]);
      if (missing !== undefined) {
        const todo = `To have its version checked add ${missing.rule}`;
        return [warn(`at ${baseUrl}; its version is not known, as no rule allows GET ${missing.path}`, todo)];
      }
      try {
        return [versionResult(baseUrl, await askVersion(desk, signal))];
      } catch (error) {
        return [failedCall(error)];
      }
    },
  };
}

/** As nobody first: a wrong password is not tried once more for what is open to all. */
async function askVersion(desk: BitbucketDesk, signal: AbortSignal): Promise<JsonReply> {
  const reply = await desk.callsAs(() => null).get(VERSION_URL, signal);
  if (reply.status !== 401) return reply;
  return desk.callsAs((rule) => desk.credentialsOf(rule)[0] ?? null).get(VERSION_URL, signal);
}

function versionResult(baseUrl: string, { status, value }: JsonReply): Result {
  const given = member(value, 'version');
  if (status === 401) {
    return warn(`at ${baseUrl}; its version is not told to this login`, 'See the check of the logins.');
  }
  if (status === 429)
    return warn(`at ${baseUrl}; it limits the rate just now (429)`, 'Try again in a minute.');
  if (status >= 500) {
    const todo = 'See whether Bitbucket is starting or in maintenance, and what stands before it.';
    return fail(`${baseUrl} answers ${status}`, todo, { status });
  }
  if (typeof given !== 'string') {
    const todo = 'Check the path in BITBUCKET_URL, and what stands before Bitbucket.';
    return fail(`what answers at ${baseUrl} is not Bitbucket (status ${status})`, todo, { status });
  }
  const version = shownText(given, 40);
  const data = { version, baseUrl };
  const what = `${version} at ${baseUrl}`;
  const major = Number(/^(\d{1,3})\./.exec(version)?.[1] ?? Number.NaN);
  if (Number.isNaN(major)) return warn(what, 'This is no version this agent knows.', data);
  if (major <= LAST_SERVER_MAJOR) {
    const tried = major < OLDEST_MAJOR ? ` This agent was never tried with ${version}.` : '';
    const todo = `Atlassian ended its support for Bitbucket Server, 7.21 the last, in February 2024.${tried}`;
    return warn(what, todo, data);
  }
  if (major > NEWEST_MAJOR) {
    return warn(
      what,
      `Newer than ${NEWEST_MAJOR}, which this agent was tried with: look for a newer agent.`,
      data,
    );
  }
  return pass(what, data);
}
