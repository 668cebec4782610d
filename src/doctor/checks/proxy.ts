import type { NetworkConfig } from '../../config/config.ts';
import { failureCode } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import { fail, pass, type Result } from '../finding.ts';
import type { Check } from '../run-checks.ts';
import type { Target } from '../targets.ts';
import { connectDirect, connectThrough, ProxyRefusal, shownProxy } from '../way.ts';
import { dnsName } from './names.ts';

export const proxyName = ({ name }: Target): string => `proxy ${name}`;

/** Whether the proxy lets a connection through to the target; where none is used, why. */
export function proxyCheck(target: Target, network: Network, settings: NetworkConfig): Check {
  return {
    name: proxyName(target),
    needs: [dnsName(target)],
    late: unreachable(target.url),
    run: async (signal) => {
      const proxy = network.proxyFor(target.url.href);
      return [proxy === null ? direct(target, settings) : await through(proxy, target, settings, signal)];
    },
  };
}

function direct({ url }: Target, { httpProxy, httpsProxy }: NetworkConfig): Result {
  const secure = url.protocol === 'https:';
  if ((secure ? httpsProxy : httpProxy) !== null) return pass(`none: NO_PROXY has ${url.hostname}`);
  const other = secure ? httpProxy : httpsProxy;
  const hint = other === null ? '' : `; ${secure ? 'HTTPS_PROXY' : 'HTTP_PROXY'} is not set`;
  return pass(`none: ${url.hostname} is reached directly${hint}`);
}

async function through(
  proxy: string,
  { url, websocket }: Target,
  { extraCa }: NetworkConfig,
  signal: AbortSignal,
): Promise<Result> {
  const shown = shownProxy(proxy);
  const tunnelled = url.protocol === 'https:' || websocket;
  try {
    const socket = await (tunnelled
      ? connectThrough(proxy, url, extraCa, signal)
      : connectDirect(new URL(proxy), signal));
    socket.destroy();
    return tunnelled
      ? pass(`${shown} lets connections through to ${url.host}`, { proxy: shown })
      : pass(`${shown} is there; it is asked for http://${url.host} without CONNECT`, { proxy: shown });
  } catch (error) {
    return refusal(error, shown, url);
  }
}

const VARIABLES = 'HTTP_PROXY and HTTPS_PROXY';

const unreachable = ({ host }: URL): string =>
  `Check host and port in ${VARIABLES}; if ${host} is reached without a proxy, name it in NO_PROXY.`;

function refusal(error: unknown, proxy: string, url: URL): Result {
  const { host } = url;
  if (!(error instanceof ProxyRefusal)) {
    const code = failureCode(error);
    return fail(`${proxy} cannot be reached (${code})`, unreachable(url), { proxy, code });
  }
  const { status } = error;
  if (status === 407) {
    const todo = `Check the user and the password in ${VARIABLES}, percent-encoded; only Basic is spoken.`;
    return fail(`${proxy} refuses its login (407)`, todo, { proxy, status });
  }
  const todo = `Have the proxy allow CONNECT to ${host}, or name the host in NO_PROXY if it is reached without one.`;
  return fail(`${proxy} answers CONNECT to ${host} with ${status}`, todo, { proxy, status });
}
