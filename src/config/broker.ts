import type { BrokerConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { Secret } from './secret.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The tunnel's far end; the API's address follows from the server's as with the Snyk Broker client 5.22.14. */
export function brokerConfig(env: Environment): BrokerConfig {
  const token = env.read('BROKER_TOKEN');
  const hasProblem = env.problems.some(({ where }) => where.startsWith('BROKER_TOKEN'));
  if (token === undefined && !hasProblem) env.problem('BROKER_TOKEN', 'is not set');
  if (token !== undefined && !UUID.test(token))
    env.warnings.push('BROKER_TOKEN is not a UUID, as Snyk makes them.');
  const serverUrl = env.read('BROKER_SERVER_URL');
  const derived = serverUrl.replace(/\/\/broker2?\./, '//api.');
  const older = env.read('BROKER_DISPATCHER_BASE_URL');
  return {
    token: new Secret(token ?? ''),
    serverUrl,
    apiBaseUrl: env.read('API_BASE_URL') ?? older ?? derived,
    clientUrl: env.read('BROKER_CLIENT_URL') ?? null,
    haMode: env.read('BROKER_HA_MODE_ENABLED'),
    location: env.read('BROKER_CLIENT_LOCATION'),
  };
}
