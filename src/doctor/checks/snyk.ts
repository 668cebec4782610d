import type { BrokerConfig, DeliveryConfig } from '../../config/config.ts';
import { failureCode } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import { shownText } from '../../shown-text.ts';
import { type AskedAnswer, ask, member } from '../ask.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { Observations } from '../observations.ts';
import type { Check } from '../run-checks.ts';
import { DELIVERY, SNYK_API, SNYK_SERVER } from '../targets.ts';

interface Parts {
  readonly network: Network;
  readonly observations: Observations;
  readonly now: () => number;
}

const FIREWALL = 'Check the address, the proxy and the firewall.';

/** The broker server's own health check, which asks for no token (snyk-broker 5.22.14, server/index). */
export function snykServerCheck(needs: readonly string[], { serverUrl }: BrokerConfig, parts: Parts): Check {
  return {
    name: SNYK_SERVER,
    needs,
    late: where('BROKER_SERVER_URL'),
    run: async (signal) => {
      const answer = await observed(parts, `${serverUrl}/healthcheck`, signal);
      if (typeof answer === 'string') return [silent(serverUrl, answer, 'BROKER_SERVER_URL')];
      const { status, json } = answer;
      if (status === 200 && member(json, 'ok') === true) {
        const version = member(json, 'version');
        const told = typeof version === 'string' ? `, version ${shownText(version, 40)}` : '';
        return [pass(`${serverUrl} answers${told}`, { status })];
      }
      const todo =
        'Check BROKER_SERVER_URL for your region, and whether a proxy on the way answers in its place.';
      const what = `${serverUrl}/healthcheck answers ${status}, and not as a Snyk Broker server does`;
      return [fail(what, todo, { status })];
    },
  };
}

/** What the Snyk Broker client 5.22.14 asks the API for before it starts; it needs no token. */
export function snykApiCheck(needs: readonly string[], { apiBaseUrl }: BrokerConfig, parts: Parts): Check {
  return {
    name: SNYK_API,
    needs,
    late: where('API_BASE_URL'),
    run: async (signal) => {
      const answer = await observed(parts, `${apiBaseUrl}/rest/openapi`, signal);
      if (typeof answer === 'string') return [silent(apiBaseUrl, answer, 'API_BASE_URL')];
      const { status } = answer;
      if (status < 400) return [pass(`${apiBaseUrl} answers`, { status })];
      const todo = `Check API_BASE_URL for your region. Without the API high availability works by chance only.`;
      return [warn(`${apiBaseUrl}/rest/openapi answers ${status}`, todo, { status })];
    },
  };
}

/** Whether there is somebody at the place of the batches. Nothing is sent there, and no token. */
export function deliveryCheck(needs: readonly string[], { url }: DeliveryConfig, parts: Parts): Check {
  const { origin, pathname } = new URL(url);
  const shown = `${origin}${pathname}`;
  return {
    name: DELIVERY,
    needs,
    late: where('ESSENTIALS_URL'),
    run: async (signal) => {
      const answer = await observed(parts, shown, signal, 'HEAD');
      if (typeof answer === 'string') return [silent(shown, answer, 'ESSENTIALS_URL')];
      const { status } = answer;
      if (status < 500) return [pass(`${shown} answers (${status} to HEAD without a token)`, { status })];
      return [warn(`${shown} answers ${status}`, 'See what is wrong at the receiver.', { status })];
    },
  };
}

async function observed(
  { network, observations, now }: Parts,
  url: string,
  signal: AbortSignal,
  method: 'GET' | 'HEAD' = 'GET',
): Promise<AskedAnswer | string> {
  const asked = now();
  try {
    const answer = await ask(network, url, { method, signal });
    if (method === 'GET') observations.clock('Snyk', answer.headers, asked, now());
    return answer;
  } catch (error) {
    return failureCode(error);
  }
}

const where = (variable: string): string => `${FIREWALL} The address is in ${variable}.`;

const silent = (url: string, code: string, variable: string): Result =>
  fail(`${url} does not answer (${code})`, where(variable), { code });
