import * as as from './parsers.ts';
import type { Variable } from './variable.ts';

/** The tunnel's far end and what this integration is. */
export const snykVariables = {
  BROKER_TOKEN: {
    meaning: 'The Broker token of the integration in Snyk, a UUID. Required.',
    example: '3f2a1c9e-0d4b-4c8a-9b67-5e1f2a3b4c5d',
    parse: as.brokerToken,
    official: true,
    secret: true,
  },
  BROKER_SERVER_URL: {
    meaning: 'The Snyk Broker server of your region.',
    example: 'https://broker.eu.snyk.io',
    parse: as.baseUrl,
    default: 'https://broker.snyk.io',
    official: true,
  },
  API_BASE_URL: {
    meaning:
      'The Snyk API of your region: asked in high availability mode, and takes webhooks while no tunnel is open.',
    example: 'https://api.eu.snyk.io',
    parse: as.baseUrl,
    derived: '`BROKER_SERVER_URL` with `api.` for `broker.`',
    official: true,
  },
  BROKER_DISPATCHER_BASE_URL: {
    meaning: 'The older name of `API_BASE_URL`, used when that is not set.',
    example: 'https://api.eu.snyk.io',
    parse: as.baseUrl,
    official: true,
  },
  BROKER_CLIENT_URL: {
    meaning:
      "This agent's own URL as Bitbucket reaches it for webhooks: what `${BROKER_CLIENT_URL}` stands for: in an accept list and, with `ALLOW_VARIABLE_SUBSTITUTION`, in requests.",
    example: 'https://agent.example.com:8000',
    parse: as.baseUrl,
    official: true,
  },
  BROKER_HA_MODE_ENABLED: {
    meaning: 'Several replicas share the token, four at most.',
    example: 'true',
    parse: as.flag,
    default: 'false',
    official: true,
  },
  BROKER_CLIENT_LOCATION: {
    meaning: 'A name for the place this agent runs at, told to Snyk in high availability mode.',
    example: 'frankfurt-1',
    parse: as.line,
    default: 'snyk-broker-client',
    official: true,
  },
  SERVICE_TYPE: {
    meaning:
      'What kind of Bitbucket it is: only `on-premises` so far. Every batch of the inventory carries it.',
    example: 'on-premises',
    parse: as.serviceType,
    default: 'on-premises',
  },
  PROFILE_NAME: {
    meaning:
      'A name for this integration; every batch of the inventory carries it. Without it `run` only relays and `sync` does not start.',
    example: 'Bitbucket Frankfurt',
    parse: as.profileName,
  },
} as const satisfies Record<string, Variable>;
