import * as as from './parsers.ts';
import type { Variable } from './variable.ts';

/** What may be relayed. */
export const ruleVariables = {
  ACCEPT: {
    meaning: 'Path of the accept list, JSON or YAML.',
    example: '/etc/bitbucket-agent/accept.json',
    parse: as.line,
    derived: 'the list that comes with the agent',
    official: true,
  },
  GIT_CLIENT_URL: {
    meaning:
      "The URL of the Snyk Code Agent, what the official client's accept list means by `GIT_CLIENT_URL`. Without it that rule is off.",
    example: 'http://code-agent.example.com:3000',
    parse: as.line,
    official: true,
  },
  RULES_HASH: {
    meaning:
      'The hash of the rules that were signed off, as `rules sheet` shows it. The agent does not start with rules of another one.',
    example: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    parse: as.rulesHash,
  },
  ALLOW_WRITES: {
    meaning: 'Lets rules for methods other than GET and HEAD take effect.',
    example: 'true',
    parse: as.flag,
    default: 'false',
  },
  ALLOW_VARIABLE_SUBSTITUTION: {
    meaning: "Lets Snyk's side have variables written into a request (`BROKER_VAR_SUB`, `x-broker-var-sub`).",
    example: 'true',
    parse: as.flag,
    default: 'false',
  },
} as const satisfies Record<string, Variable>;

/** The agent's own ports. */
export const listenerVariables = {
  PORT: {
    meaning: 'The public port: webhooks and health. 0 takes a free one.',
    example: '8000',
    parse: as.port,
    default: '8000',
    official: true,
  },
  BROKER_HEALTHCHECK_PATH: {
    meaning: 'The path of the health check on the public port.',
    example: '/healthcheck',
    parse: as.urlPath,
    default: '/healthcheck',
    official: true,
  },
  BROKER_SYSTEMCHECK_PATH: {
    meaning: 'The path of the check of Bitbucket and its login, on the public port.',
    example: '/systemcheck',
    parse: as.urlPath,
    default: '/systemcheck',
    official: true,
  },
  WEBHOOK_SECRET: {
    meaning:
      'The secret that Bitbucket signs its webhooks with. When it is set, webhooks without a right `X-Hub-Signature` are refused.',
    example: 'a-long-random-text-of-your-own',
    parse: as.password,
    secret: true,
  },
  HTTPS_CERT: {
    meaning:
      'Path of the certificate chain (PEM) for the public port, `RELAY_PORT` and `INVENTORY_PORT`; together with `HTTPS_KEY`.',
    example: '/etc/bitbucket-agent/tls.crt',
    parse: as.line,
    official: true,
  },
  HTTPS_KEY: {
    meaning: 'Path of its private key (PEM, without passphrase).',
    example: '/etc/bitbucket-agent/tls.key',
    parse: as.line,
    official: true,
  },
} as const satisfies Record<string, Variable>;

/** The way out of the host. */
export const networkVariables = {
  HTTP_PROXY: {
    meaning: 'The proxy for http targets.',
    example: 'http://user:p%40ss@proxy.example.com:3128',
    parse: as.proxyUrl,
    official: true,
    secret: true,
    bothCases: true,
  },
  HTTPS_PROXY: {
    meaning: 'The proxy for https targets, the Snyk Broker server among them.',
    example: 'http://user:p%40ss@proxy.example.com:3128',
    parse: as.proxyUrl,
    official: true,
    secret: true,
    bothCases: true,
  },
  NO_PROXY: {
    meaning:
      'What is reached directly: hosts with all below them, IP addresses, CIDR ranges, each `:port` if wanted, or `*`.',
    example: 'bitbucket.example.com,10.0.0.0/8',
    parse: as.hostList,
    default: '',
    official: true,
    bothCases: true,
  },
  CA_CERT: {
    meaning: 'Path of private CA certificates (PEM), trusted beside the public ones.',
    example: '/etc/bitbucket-agent/ca.pem',
    parse: as.line,
    official: true,
  },
  NODE_EXTRA_CA_CERTS: {
    meaning: "The same, under Node's own name.",
    example: '/etc/bitbucket-agent/ca.pem',
    parse: as.line,
    official: true,
  },
} as const satisfies Record<string, Variable>;

/** The process itself. */
export const processVariables = {
  STATE_DIR: {
    meaning:
      'The folder for what must outlive a restart: the inventory, what waits to be sent, and the audit trail. Made where it is not there.',
    example: '/var/lib/bitbucket-agent',
    parse: as.line,
    default: './state',
  },
  LOG_LEVEL: {
    meaning: '`error`, `warn`, `info` or `debug`. `fatal` counts as `error`, `trace` as `debug`.',
    example: 'info',
    parse: as.logLevel,
    default: 'info',
    official: true,
  },
} as const satisfies Record<string, Variable>;
