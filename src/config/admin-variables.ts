import * as as from './parsers.ts';
import type { Variable } from './variable.ts';

/** The port for operators, and what is asked of those who come to it. */
export const adminVariables = {
  ADMIN_PORT: {
    meaning:
      'The port for operators: status page, rules, audit, metrics. 0 takes a free one, `off` opens none.',
    example: '8001',
    parse: as.portOrOff,
    default: '8001',
  },
  ADMIN_HOST: {
    meaning: 'The address that port listens at. Any other than a loopback address needs `ADMIN_TOKEN`.',
    example: '127.0.0.1',
    parse: as.listenHost,
    default: '127.0.0.1',
  },
  ADMIN_TOKEN: {
    meaning:
      'Asked for, as `Authorization: Bearer`, by everything on that port but `/livez` and `/readyz`; at least 16 characters.',
    example: 'a-long-random-text-of-your-own',
    parse: as.ownToken,
    secret: true,
  },
  ADMIN_ALLOWED_HOSTS: {
    meaning:
      "Names by which the operators' port is called, beside `localhost` and IP addresses. Calls to other names are refused, as in DNS rebinding.",
    example: 'agent.example.com',
    parse: as.hostNames,
    default: '',
  },
} as const satisfies Record<string, Variable>;

/** The way in for an official client that stands in front. */
export const relayVariables = {
  HTTP_RELAY: {
    meaning:
      'Serves `/relay/…` by HTTP, for a Snyk Broker client that stands in front of this agent: the same rules, the same audit.',
    example: 'true',
    parse: as.flag,
    default: 'false',
  },
  RELAY_TOKEN: {
    meaning:
      'Asked for, as `Authorization: Bearer`, by `/relay/…`; required with `HTTP_RELAY`, at least 16 characters.',
    example: 'a-long-random-text-of-your-own',
    parse: as.ownToken,
    secret: true,
  },
  RELAY_PORT: {
    meaning: "A port of its own for `/relay/…`; without it the operators' port serves it.",
    example: '8002',
    parse: as.port,
  },
  RELAY_HOST: {
    meaning: 'The address that `RELAY_PORT` listens at.',
    example: '0.0.0.0',
    parse: as.listenHost,
    default: '0.0.0.0',
  },
} as const satisfies Record<string, Variable>;

/** The audit trail in `STATE_DIR/audit`. */
export const auditVariables = {
  AUDIT_STDOUT: {
    meaning: 'Also writes every audit record to stdout, marked, for a SIEM that reads the output.',
    example: 'true',
    parse: as.flag,
    default: 'false',
  },
  AUDIT_QUERY: {
    meaning: 'Keeps the query of each call in its audit record. Without it only the path is kept.',
    example: 'true',
    parse: as.flag,
    default: 'false',
  },
  AUDIT_ON_ERROR: {
    meaning:
      '`warn`: the agent goes on when the audit trail cannot be written, and says so. `refuse`: calls are answered with 503 until it can.',
    example: 'refuse',
    parse: as.auditOnError,
    default: 'warn',
  },
  AUDIT_RETENTION_DAYS: {
    meaning: 'Audit files older than this many days are removed.',
    example: '90',
    parse: as.wholeNumber(1, 3_650),
    default: '90',
  },
  AUDIT_MAX_MB: {
    meaning: 'The oldest audit files are removed when all of them together are larger than this; in MiB.',
    example: '1024',
    parse: as.wholeNumber(8, 1_048_576),
    default: '1024',
  },
} as const satisfies Record<string, Variable>;
