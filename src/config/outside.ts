import type { ListenConfig, NetworkConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { readCertificates, readPrivateKey } from './files.ts';
import { Secret } from './secret.ts';

/** Proxies and private CA certificates. */
export function networkConfig(env: Environment): NetworkConfig {
  return {
    httpProxy: proxy(env, 'HTTP_PROXY'),
    httpsProxy: proxy(env, 'HTTPS_PROXY'),
    noProxy: env.read('NO_PROXY'),
    extraCa: [...new Set([...certificates(env, 'CA_CERT'), ...certificates(env, 'NODE_EXTRA_CA_CERTS')])],
  };
}

/** The public port. */
export function listenConfig(env: Environment): ListenConfig {
  return {
    port: env.read('PORT'),
    healthcheckPath: env.read('BROKER_HEALTHCHECK_PATH'),
    systemcheckPath: env.read('BROKER_SYSTEMCHECK_PATH'),
    tls: serverTls(env),
  };
}

function proxy(env: Environment, name: 'HTTP_PROXY' | 'HTTPS_PROXY'): Secret | null {
  const url = env.read(name);
  return url === undefined ? null : new Secret(url);
}

function certificates(env: Environment, name: 'CA_CERT' | 'NODE_EXTRA_CA_CERTS' | 'HTTPS_CERT'): string[] {
  const path = env.read(name);
  if (path === undefined) return [];
  const reading = readCertificates(env.path(path));
  if (reading.ok) return reading.value;
  env.problem(name, reading.reason);
  return [];
}

function serverTls(env: Environment): ListenConfig['tls'] {
  const keyPath = env.read('HTTPS_KEY');
  const certPath = env.read('HTTPS_CERT');
  if (keyPath === undefined && certPath === undefined) return null;
  if (keyPath === undefined) env.problem('HTTPS_KEY', 'is not set, but HTTPS_CERT is');
  if (certPath === undefined) env.problem('HTTPS_CERT', 'is not set, but HTTPS_KEY is');
  const chain = certificates(env, 'HTTPS_CERT');
  if (keyPath === undefined || chain.length === 0) return null;
  const key = readPrivateKey(env.path(keyPath), chain);
  if (key.ok) return { cert: `${chain.join('\n')}\n`, key: new Secret(key.value) };
  env.problem('HTTPS_KEY', key.reason);
  return null;
}
