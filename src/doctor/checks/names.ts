import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { failureCode } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import { fail, pass, type Result } from '../finding.ts';
import type { Check } from '../run-checks.ts';
import { hostOf, type Target } from '../targets.ts';

export const dnsName = ({ name }: Target): string => `DNS ${name}`;

const SERVERS = "Check this host's DNS servers (/etc/resolv.conf) and the firewall on the way to them.";

/** Looks up the host's name as the agent does; through a proxy that is the proxy's own, which looks up the rest. */
export function dnsCheck(target: Target, network: Network): Check {
  return {
    name: dnsName(target),
    late: SERVERS,
    run: async () => {
      const proxy = network.proxyFor(target.url.href);
      const host = hostOf(proxy === null ? target.url : new URL(proxy));
      const behind = proxy === null ? '' : `; the proxy looks up ${hostOf(target.url)}`;
      return [await lookUp(host, behind, proxy === null ? target.variable : 'HTTP_PROXY and HTTPS_PROXY')];
    },
  };
}

async function lookUp(host: string, behind: string, variable: string): Promise<Result> {
  if (isIP(host) !== 0) return pass(`${host} is an address${behind}`, { host, addresses: [host] });
  try {
    const addresses = (await lookup(host, { all: true })).map(({ address }) => address);
    return pass(`${host} is ${addresses.join(', ')}${behind}`, { host, addresses });
  } catch (error) {
    const code = failureCode(error);
    const todo =
      code === 'ENOTFOUND' ? `Check the host in ${variable}, and that this host's DNS knows it.` : SERVERS;
    return fail(`${host} cannot be looked up (${code})`, todo, { host, code });
  }
}
