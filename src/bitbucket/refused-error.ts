import { AgentError } from '../errors.ts';
import { shownText } from '../shown-text.ts';

/** What Bitbucket said no with. */
export interface RefusedReply {
  readonly status: number;
  /** The Java name of the exception in the body; `''` when there is none. */
  readonly exception: string;
}

/** Longer paths are cut in messages; characters. */
const LONGEST_PATH = 300;

/** Bitbucket refused a call of the agent's own: a status that asking again does not change. */
export class RefusedError extends AgentError {
  readonly exception: string;
  readonly #status: number;

  /** @param path path and query of the call, without its host */
  constructor(path: string, { status, exception }: RefusedReply) {
    const name = shownText(exception.slice(exception.lastIndexOf('.') + 1));
    const why = name === '' ? '' : ` (${name})`;
    const hint = hintFor(path, status, exception);
    super('BITBUCKET_REFUSED', `Bitbucket answered ${status}${why} to GET ${shortened(path)}.`, { hint });
    this.name = 'RefusedError';
    this.exception = exception;
    this.#status = status;
  }

  /** Bitbucket's own status. */
  override get status(): number {
    return this.#status;
  }
}

/** A path as messages show it: never whose personal project it is in. */
export function shortened(path: string): string {
  const shown = impersonal(path);
  return shown.length > LONGEST_PATH ? `${shown.slice(0, LONGEST_PATH)}…` : shown;
}

/** A path without the name of the person whose project it is in. */
export const impersonal = (path: string): string => path.replace(/(\/projects\/)(?:~|%7e)[^/?]*/gi, '$1~…');

/** Permissions as Bitbucket's REST document names them (9.4); the first that fits. */
const PERMISSIONS: readonly (readonly [path: RegExp, permission: string])[] = [
  [/\/admin\/(users|groups)\b/, 'a licence for Bitbucket (LICENSED_USER)'],
  [/\/projects\/[^/?]+\/repos\/[^/?]+/, 'read permission on the repository (REPO_READ)'],
  [/\/projects\/[^/?]+\/repos\b/, 'read permission on the project (PROJECT_READ)'],
  [/\/projects\b/, 'permission to see the project (PROJECT_VIEW)'],
];

function hintFor(path: string, status: number, exception: string): string {
  if (status >= 300 && status < 400)
    return 'Redirects are not followed: check that BITBUCKET_URL is the address Bitbucket itself uses, and that the REST API is not behind a single sign-on.';
  if (exception.endsWith('.AuthorisationException')) {
    const missing =
      PERMISSIONS.find(([pattern]) => pattern.test(path))?.[1] ?? 'the permission for this call';
    return `The login works, but its user lacks ${missing}.`;
  }
  if (status === 401)
    return 'Check that the user or token exists, is not expired and is licensed for Bitbucket.';
  if (status === 403)
    return 'Check what the token may do, and whether Bitbucket asks its user for a CAPTCHA.';
  return 'Check that BITBUCKET_URL leads to Bitbucket, and what stands between it and the agent.';
}
