import { type Answer, json } from './answers.ts';

/** Exception names as live servers send them. */
const EXCEPTIONS = {
  argument: 'com.atlassian.bitbucket.validation.ArgumentValidationException',
  permission: 'com.atlassian.bitbucket.AuthorisationException',
  password: 'com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException',
  unlicensed: 'com.atlassian.bitbucket.auth.NoAccessAuthenticationException',
  anonymous: 'com.atlassian.plugins.rest.api.security.exception.AuthenticationRequiredException',
  project: 'com.atlassian.bitbucket.project.NoSuchProjectException',
  repository: 'com.atlassian.bitbucket.repository.NoSuchRepositoryException',
  user: 'com.atlassian.bitbucket.user.NoSuchUserException',
  commit: 'com.atlassian.bitbucket.commit.NoSuchCommitException',
  branch: 'com.atlassian.bitbucket.repository.NoSuchBranchException',
  path: 'com.atlassian.bitbucket.content.NoSuchPathException',
  group: 'com.atlassian.bitbucket.user.NoSuchGroupException',
  pullRequest: 'com.atlassian.bitbucket.pull.NoSuchPullRequestException',
} as const;

/** The kinds of failure that have a body of their own. */
export type Failure = keyof typeof EXCEPTIONS;

/** The body every REST error has. */
export function errorsBody(
  message: string,
  exceptionName: string | null,
  context: string | null = null,
): unknown {
  return { errors: [{ context, message, exceptionName }] };
}

const STATUS: Partial<Record<Failure, number>> = {
  argument: 400,
  permission: 401,
  password: 401,
  unlicensed: 401,
  anonymous: 401,
};

/** A REST error: 401 for everything about who asks (a missing permission too), 400, else 404. */
export function failed(failure: Failure, message: string, context: string | null = null): Answer {
  return json(STATUS[failure] ?? 404, errorsBody(message, EXCEPTIONS[failure], context), 'length');
}

/** An error that no exception is named for: an unknown route, a write to an archived repository. */
export function unnamed(status: number, message: string): Answer {
  return json(status, errorsBody(message, null), 'length');
}

const NOT_PERMITTED = 'You are not permitted to access this resource';

/** The caller is known and may not. Real servers answer 401 here, not 403. */
export const notPermitted = (): Answer => failed('permission', NOT_PERMITTED);

/** Nobody is logged in. */
export const loginNeeded = (): Answer => failed('anonymous', NOT_PERMITTED);

/** The password does not belong to the user. */
export const wrongPassword = (): Answer =>
  failed('password', 'Authentication failed. Please check your credentials and try again.');

/** The account is real and holds no licence. */
export const noLicence = (): Answer =>
  failed(
    'unlicensed',
    'You are not currently licensed to use Bitbucket.\nPlease contact your administrator to resolve this issue.',
  );
