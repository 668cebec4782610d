import type { Config } from '../config/config.ts';
import { createNoProxy } from './no-proxy.ts';

/** One line of what a firewall must let through. */
export interface FirewallRow {
  /** As the agent sees it. */
  readonly direction: 'out' | 'in';
  /** Of what goes out, where to; of what comes in, where from. */
  readonly peer: string;
  /** Of what goes out, at the peer; of what comes in, at the agent. */
  readonly port: string;
  readonly protocol: string;
  readonly purpose: string;
}

/** What the table is made from. */
export interface FirewallSource {
  readonly config: Pick<
    Config,
    'broker' | 'listen' | 'admin' | 'relay' | 'inventory' | 'inventoryPlace' | 'network' | 'bitbucket'
  >;
  /** Where rules lead, `scheme://host[:port]`; what is not such an origin is left out. */
  readonly origins: readonly string[];
  /** There are rules for webhooks. */
  readonly webhooks: boolean;
  /** The public port has a certificate. */
  readonly tls: boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** All connections that a configuration asks for. Where a proxy is on the way, the proxy is the peer. */
export function firewallRows(source: FirewallSource): FirewallRow[] {
  return [...outbound(source), dns(source.config.network), ...inbound(source)];
}

function outbound({ config, origins, webhooks }: FirewallSource): FirewallRow[] {
  const { broker, bitbucket, inventory, inventoryPlace: place, network } = config;
  const row = outwards(network);
  const base = new URL(bitbucket.baseUrl).origin;
  const others = [...new Set(origins)].filter((origin) => /^https?:/.test(origin) && origin !== base);
  const api = [
    ...(broker.haMode ? ['asks which broker server this replica belongs to'] : []),
    ...(webhooks ? ['passes webhooks on while the tunnel is down'] : []),
  ].join('; ');
  const { by, url } = inventory.delivery;
  return [
    row(broker.serverUrl, 'the tunnel, two connections that stay open: calls come in over it', 'websocket'),
    row(broker.serverUrl, 'answers that are streamed'),
    ...(api === '' ? [] : [row(broker.apiBaseUrl, api)]),
    row(bitbucket.baseUrl, 'the calls that the rules allow'),
    ...others.map((origin) => row(origin, 'the calls that rules with this origin allow')),
    ...(by === 'https' ? [row(url, 'batches of the inventory')] : []),
    ...(place.kind === 'there' ? [row(place.url, KEEPER_PURPOSE)] : []),
  ];
}

const KEEPER_PURPOSE = 'the agent that keeps the inventory: calls for it, and repositories to be read';

/** Makes rows for one way out. */
function outwards(network: Config['network']) {
  const direct = createNoProxy(network.noProxy);
  return (address: string, purpose: string, over?: 'websocket'): FirewallRow => {
    const url = new URL(address);
    const secure = url.protocol === 'https:';
    const proxy = secure ? network.httpsProxy : network.httpProxy;
    const spoken = over === undefined ? url.protocol.slice(0, -1) : secure ? 'wss' : 'ws';
    if (proxy === null || direct(url)) {
      return { direction: 'out', peer: url.hostname, port: portOf(url), protocol: spoken, purpose };
    }
    const by = new URL(proxy.reveal());
    return {
      direction: 'out',
      peer: `${by.hostname} (proxy)`,
      port: portOf(by),
      // As network.ts does it: only an http request by itself goes to the proxy whole.
      protocol: `${spoken} through ${by.protocol.slice(0, -1)} ${spoken === 'http' ? 'proxy' : 'CONNECT'}`,
      purpose: `to ${url.hostname}:${portOf(url)}: ${purpose}`,
    };
  };
}

const portOf = ({ port, protocol }: URL): string => port || (DEFAULT_PORTS[protocol] ?? '');

const dns = ({ httpProxy, httpsProxy }: Config['network']): FirewallRow => ({
  direction: 'out',
  peer: "the host's resolver",
  port: '53',
  protocol: 'DNS, udp and tcp',
  purpose: `the names above${httpProxy === null && httpsProxy === null ? '' : '; those behind a proxy are looked up by the proxy'}`,
});

function inbound({ config, webhooks, tls }: FirewallSource): FirewallRow[] {
  const { listen, admin, relay, inventoryPlace: place } = config;
  const served = place.kind === 'here' ? place.listen : null;
  const row = (peer: string, port: number, purpose: string, protocol = 'http'): FirewallRow => ({
    direction: 'in',
    peer,
    port: port === 0 ? 'a free one' : String(port),
    protocol,
    purpose,
  });
  const spoken = tls ? 'https' : 'http';
  const relayed = 'calls of a Snyk Broker client in front, with a token';
  const own = relay?.listen ?? null;
  return [
    ...(webhooks ? [row('Bitbucket', listen.port, 'webhooks; only if they are used', spoken)] : []),
    row('orchestrator', listen.port, 'health probes, if there are any', spoken),
    ...(admin.port === null
      ? []
      : [row(callersOf(admin.host, 'operators'), admin.port, "the operators' port: status, rules, metrics")]),
    ...(relay === null
      ? []
      : own === null
        ? [row(callersOf(admin.host, 'the Snyk Broker client'), admin.port ?? 0, relayed)]
        : [row(callersOf(own.host, 'the Snyk Broker client'), own.port, relayed)]),
    ...(served === null
      ? []
      : [row(callersOf(served.host, 'agents of the same token'), served.port, SERVED_PURPOSE, spoken)]),
  ];
}

const SERVED_PURPOSE = 'the inventory for agents that do not keep it, with a token';

const callersOf = (host: string, others: string): string =>
  /^(127\.|localhost$|::1$)/i.test(host) ? 'this host itself' : others;
