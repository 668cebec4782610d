import type { Config } from '../config/config.ts';
import { failureCode } from '../errors.ts';
import { shownText } from '../shown-text.ts';
import { askHere, member } from './ask.ts';

/** Who answers at one of the agent's ports. */
export type PortSight =
  | { readonly kind: 'agent'; readonly ready: boolean; readonly open: boolean }
  | { readonly kind: 'other' }
  | { readonly kind: 'nobody'; readonly code: string };

/** One socket of the running agent's tunnel. */
export interface SocketSight {
  readonly role: string;
  readonly open: boolean;
  /** ISO 8601; empty when it was not told. */
  readonly since: string;
}

/** The agent that runs beside this process, as its ports show it. */
export interface RunningAgent {
  readonly public: PortSight | null;
  readonly admin: PortSight | null;
  readonly sockets: readonly SocketSight[];
  /** The broker server that it is connected to; `null`: not told. */
  readonly serverUrl: string | null;
}

const LIMIT_MS = 3_000;

/** Where the public port is asked. */
const publicUrl = ({ listen }: Config): string =>
  `${listen.tls === null ? 'http' : 'https'}://127.0.0.1:${listen.port}`;

/** Where the operators' port is asked; `null`: there is none, or nobody knows its number. */
export function adminUrl({ admin }: Config): string | null {
  if (admin.port === null || admin.port === 0) return null;
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const host = anywhere[admin.host] ?? admin.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${admin.port}`;
}

/** Looks for a running agent at the ports of this configuration. Never rejects. */
export async function findAgent(config: Config, stop: AbortSignal): Promise<RunningAgent> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(LIMIT_MS)]);
  const admin = adminUrl(config);
  const [atPublic, atAdmin] = await Promise.all([
    config.listen.port === 0 ? null : portSight(publicUrl(config), signal),
    admin === null ? null : portSight(admin, signal),
  ]);
  const told =
    atPublic?.kind === 'agent' ? await askHere(healthUrl(config), { signal }).catch(() => null) : null;
  const tunnels = Array.isArray(told?.json) ? (told.json as unknown[]) : [];
  const [first] = tunnels;
  const serverUrl = member(first, 'brokerServerUrl');
  return {
    public: atPublic,
    admin: atAdmin,
    sockets: tunnels.slice(0, 4).map(socketSight),
    serverUrl: typeof serverUrl === 'string' ? shownText(serverUrl) : null,
  };
}

/** The agent behind either port; `null`: none runs here. */
export const agentIn = ({ public: atPublic, admin }: RunningAgent): (PortSight & { kind: 'agent' }) | null =>
  atPublic?.kind === 'agent' ? atPublic : admin?.kind === 'agent' ? admin : null;

const healthUrl = (config: Config): string => publicUrl(config) + config.listen.healthcheckPath;

async function portSight(url: string, signal: AbortSignal): Promise<PortSight> {
  try {
    const { json } = await askHere(`${url}/readyz`, { signal });
    const ok = member(json, 'ok');
    const tunnel = member(json, 'tunnel');
    if (typeof ok !== 'boolean' || (tunnel !== 'open' && tunnel !== 'closed')) return { kind: 'other' };
    return { kind: 'agent', ready: ok, open: tunnel === 'open' };
  } catch (error) {
    const code = failureCode(error);
    return code === 'ECONNREFUSED' ? { kind: 'nobody', code } : { kind: 'other' };
  }
}

function socketSight(tunnel: unknown): SocketSight {
  const role = member(tunnel, 'role');
  const since = member(tunnel, 'since');
  return {
    role: typeof role === 'string' ? shownText(role, 20) : 'a socket',
    open: member(tunnel, 'ok') === true,
    since: typeof since === 'string' ? shownText(since, 30) : '',
  };
}
