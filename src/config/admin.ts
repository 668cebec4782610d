import { isIP } from 'node:net';
import { join } from 'node:path';
import type { AdminConfig, AuditConfig, RelayConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { Secret } from './secret.ts';

const BYTES_PER_MIB = 1024 * 1024;

/** The port for operators. */
export function adminConfig(env: Environment): AdminConfig {
  const host = env.read('ADMIN_HOST');
  const port = env.read('ADMIN_PORT');
  const token = env.read('ADMIN_TOKEN');
  if (port !== null && token === undefined && !isLoopback(host) && !isTold(env, 'ADMIN_TOKEN')) {
    env.problem(
      'ADMIN_TOKEN',
      `is not set, and ADMIN_HOST=${host} lets other hosts reach the operators' port`,
    );
  }
  return {
    host,
    port,
    token: token === undefined ? null : new Secret(token),
    allowedHosts: env.read('ADMIN_ALLOWED_HOSTS'),
  };
}

/** The way in by HTTP; `null` when it is off. */
export function relayConfig(env: Environment): RelayConfig | null {
  const token = env.read('RELAY_TOKEN');
  const port = env.read('RELAY_PORT');
  if (!env.read('HTTP_RELAY')) {
    if (token !== undefined || port !== undefined) {
      env.warnings.push('RELAY_TOKEN and RELAY_PORT have no effect: HTTP_RELAY is not true.');
    }
    return null;
  }
  if (token === undefined) {
    if (!isTold(env, 'RELAY_TOKEN')) env.problem('RELAY_TOKEN', 'is not set, but HTTP_RELAY is true');
    return null;
  }
  if (port === undefined && env.read('ADMIN_PORT') === null) {
    env.problem('RELAY_PORT', 'is not set, and ADMIN_PORT is off, so that no port serves /relay');
  }
  const listen = port === undefined ? null : { host: env.read('RELAY_HOST'), port };
  return { token: new Secret(token), listen };
}

/** The audit trail. */
export const auditConfig = (env: Environment): AuditConfig => ({
  folder: join(env.path(env.read('STATE_DIR')), 'audit'),
  stdout: env.read('AUDIT_STDOUT'),
  query: env.read('AUDIT_QUERY'),
  onError: env.read('AUDIT_ON_ERROR'),
  retentionDays: env.read('AUDIT_RETENTION_DAYS'),
  maxBytes: env.read('AUDIT_MAX_MB') * BYTES_PER_MIB,
});

/** Each port is one listener's. */
export function checkPorts(
  env: Environment,
  ports: {
    readonly public: number;
    readonly admin: number | null;
    readonly relay: number | null;
    readonly inventory: number | null;
  },
): void {
  const taken = new Map([[ports.public, 'PORT']]);
  const others = [
    ['ADMIN_PORT', ports.admin],
    ['RELAY_PORT', ports.relay],
    ['INVENTORY_PORT', ports.inventory],
  ] as const;
  for (const [name, port] of others) {
    if (port === null || port === 0) continue;
    const other = taken.get(port);
    if (other === undefined) taken.set(port, name);
    else env.problem(name, `is the same as ${other}`, String(freeNear(port, taken)));
  }
}

function freeNear(port: number, taken: ReadonlyMap<number, string>): number {
  const candidates = [8001, 8002, 8003, 8000].filter(
    (candidate) => candidate !== port && !taken.has(candidate),
  );
  return candidates[0] ?? 8001;
}

const isLoopback = (host: string): boolean =>
  host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

const isTold = (env: Environment, name: string): boolean =>
  env.problems.some(({ where }) => where === name || where === `${name}_FILE`);
