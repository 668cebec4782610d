import { BlockList, isIP } from 'node:net';

type Rule = (host: string, port: number) => boolean;

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'ws:': 80,
  'https:': 443,
  'wss:': 443,
};

/**
 * What `NO_PROXY` exempts: `*` (all), `host` and everything below it, `.suffix` and `*.suffix` (the same), an IP address,
 * a CIDR range, each but the range also with `:port`. Names are compared without regard to case, never resolved.
 */
export function createNoProxy(entries: readonly string[]): (target: URL) => boolean {
  const rules = entries.map((entry) => parseEntry(entry.trim().toLowerCase()));
  return (target) => {
    const host = target.hostname
      .replace(/^\[|\]$/g, '')
      .replace(/\.$/, '')
      .toLowerCase();
    const port = target.port === '' ? (DEFAULT_PORTS[target.protocol] ?? 0) : Number(target.port);
    return rules.some((rule) => rule(host, port));
  };
}

function parseEntry(entry: string): Rule {
  if (entry === '') return () => false;
  if (entry === '*') return () => true;
  if (entry.includes('/')) return rangeRule(entry);
  const { name, port } = splitPort(entry);
  const names = isIP(name) === 0 ? domainRule(name) : addressRule(name);
  return (host, targetPort) => (port === null || port === targetPort) && names(host, targetPort);
}

function splitPort(entry: string): { name: string; port: number | null } {
  if (isIP(entry) !== 0) return { name: entry, port: null };
  const parts = /^(?:\[(?<literal>[^\]]+)\]|(?<name>[^:]*))(?::(?<port>\d+))?$/.exec(entry)?.groups;
  if (parts === undefined) return { name: entry, port: null };
  return {
    name: parts.literal ?? parts.name ?? '',
    port: parts.port === undefined ? null : Number(parts.port),
  };
}

function domainRule(name: string): Rule {
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return (host) => host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
}

function addressRule(address: string): Rule {
  const list = new BlockList();
  list.addAddress(address, family(address));
  return (host) => isIP(host) !== 0 && list.check(host, family(host));
}

function rangeRule(entry: string): Rule {
  const [network = '', prefix = ''] = entry.split('/');
  const bits = Number(prefix);
  const limit = isIP(network) === 4 ? 32 : 128;
  if (isIP(network) === 0 || !/^\d+$/.test(prefix) || bits > limit) return () => false;
  const list = new BlockList();
  list.addSubnet(network, bits, family(network));
  return (host) => isIP(host) !== 0 && list.check(host, family(host));
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
