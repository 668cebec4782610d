import { answeredNobody, isNamed } from '../../bitbucket/named-answers.ts';
import { RefusedError } from '../../bitbucket/refused-error.ts';
import { isNotPermitted } from './permission.ts';
import { PROJECTS_URL } from './plan.ts';
import type { CollectOptions } from './walk-options.ts';

/**
 * Finds out before anything is read whether the login still is one: where anonymous access is on, Bitbucket's lists
 * answer a login that is none with what everybody may see, and all else would be taken for gone. Nobody may list users.
 *
 * @throws AgentError `BITBUCKET_REFUSED`, and whatever the call fails with
 */
export async function checkLogin({ plan, scope, calls, signal }: CollectOptions): Promise<void> {
  const { loginCheck } = plan;
  if (loginCheck === null) return;
  const reply = await calls.get(loginCheck, signal);
  if (reply.status >= 200 && reply.status < 300) return;
  const refusal = new RefusedError(loginCheck, reply);
  if (!isNotPermitted(refusal)) throw refusal;
  if (reply.status !== 401 || isNamed(reply.headers) || !scope.repositories) return;
  // Nobody is told of a missing permission too: then only an answer that names the user tells of a login that works.
  const projects = await calls.get(PROJECTS_URL, signal);
  if (projects.status >= 200 && projects.status < 300 && !isNamed(projects.headers))
    throw answeredNobody(loginCheck);
}
