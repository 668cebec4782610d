import * as as from './parsers.ts';
import type { Variable } from './variable.ts';

/** Where Bitbucket is and how to log in. */
export const bitbucketVariables = {
  BITBUCKET_URL: {
    meaning: 'Bitbucket with scheme and, if it has one, context path. This or `BITBUCKET` is required.',
    example: 'https://bitbucket.example.com/context',
    parse: as.line,
  },
  BITBUCKET: {
    meaning: 'Bitbucket without scheme: `host[:port][/context]`. Reached over https.',
    example: 'bitbucket.example.com/context',
    parse: as.line,
    official: true,
  },
  INSECURE_DOWNSTREAM: {
    meaning: 'Together with `BITBUCKET`: reach it over http.',
    example: 'true',
    parse: as.flag,
    default: 'false',
    official: true,
  },
  BITBUCKET_API: {
    meaning: 'The REST API without scheme, what accept lists mean by `BITBUCKET_API`.',
    example: '$BITBUCKET/rest/api/1.0',
    parse: as.line,
    derived: '`$BITBUCKET/rest/api/1.0`',
    official: true,
  },
  BITBUCKET_GIT: {
    meaning: 'The address for git without scheme, what accept lists mean by `BITBUCKET_GIT`.',
    example: '$BITBUCKET',
    parse: as.line,
    derived: '`$BITBUCKET`',
    official: true,
  },
  BITBUCKET_PAT: {
    meaning: 'An HTTP access token, sent as `Bearer`. This or user name and password is required.',
    example: 'token-as-bitbucket-showed-it',
    parse: as.bearerToken,
    official: true,
    secret: true,
  },
  BITBUCKET_PAT_POOL: {
    meaning: 'Several HTTP access tokens, used in turn.',
    example: 'token-one,token-two',
    parse: as.pool(as.bearerToken),
    official: true,
    secret: true,
  },
  BITBUCKET_USERNAME: {
    meaning: 'The user for Basic authentication.',
    example: 'svc-snyk',
    parse: as.userName,
    official: true,
    secret: true,
  },
  BITBUCKET_USERNAME_POOL: {
    meaning: 'Several users, each with the password at the same place of `BITBUCKET_PASSWORD_POOL`.',
    example: 'svc-snyk-1,svc-snyk-2',
    parse: as.pool(as.userName),
    official: true,
    secret: true,
  },
  BITBUCKET_PASSWORD: {
    meaning: "The user's password, or an HTTP access token in its place.",
    example: 'the-password-on-one-line',
    parse: as.password,
    official: true,
    secret: true,
  },
  BITBUCKET_PASSWORD_POOL: {
    meaning: 'Several passwords, used in turn.',
    example: 'password-one,password-two',
    parse: as.pool(as.password),
    official: true,
    secret: true,
  },
  BITBUCKET_CONNECT_TIMEOUT_MS: {
    meaning: 'Limit for connecting to Bitbucket, TLS and proxy included, in milliseconds.',
    example: '10000',
    parse: as.milliseconds,
    default: '10000',
  },
  BITBUCKET_FIRST_BYTE_TIMEOUT_MS: {
    meaning: "Limit until Bitbucket's answer begins, in milliseconds.",
    example: '60000',
    parse: as.milliseconds,
    default: '60000',
  },
  BITBUCKET_IDLE_TIMEOUT_MS: {
    meaning: "Limit for a pause inside Bitbucket's answer, in milliseconds.",
    example: '60000',
    parse: as.milliseconds,
    default: '60000',
  },
} as const satisfies Record<string, Variable>;
