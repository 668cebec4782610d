import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface BrokerTls {
  /** PEM text or a path. */
  readonly cert: string;
  readonly key: string;
  /** What a caller must trust, PEM text or a path. Default: the certificate itself. */
  readonly ca?: string;
}

/** What the program needs on its command line and in its environment. */
export interface BrokerInstallation {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** PEM text, when the server speaks TLS. */
  readonly ca: string | null;
}

/** snyk-broker's own settings; where the classes that serve calls are, relative to its `dist/lib/hybrid-sdk`. */
const SETTINGS = {
  REMOTE_WORKLOAD_NAME: 'BrokerWorkload',
  REMOTE_WORKLOAD_MODULE_PATH: '../broker-workload/websocketRequests',
  CLIENT_WORKLOAD_NAME: 'BrokerClientRequestWorkload',
  CLIENT_WORKLOAD_MODULE_PATH: '../broker-workload/clientLocalRequests',
  SUPPORTED_BROKER_TYPES: [],
  FILTER_RULES_PATHS: {},
  BROKER_CLIENT_CONFIGURATION: {
    common: { default: { BROKER_SERVER_URL: '', BROKER_HEALTHCHECK_PATH: '' }, required: {} },
  },
};

/**
 * Lays the unmodified npm package `snyk-broker` out in `folder`, so that nothing is written beside it.
 *
 * snyk-broker 5.22.14 wants `config.default.json` in a folder above its own code. So `folder` holds that file and a
 * link to the `node_modules` where the package is, and Node is told to take linked files as lying where the link is.
 */
export function layOutBroker(
  folder: string,
  backendUrl: string,
  tls: BrokerTls | undefined,
  clientPaths = '/*',
): BrokerInstallation {
  const manifest = createRequire(import.meta.url).resolve('snyk-broker/package.json');
  const modules = dirname(dirname(manifest));
  symlinkSync(modules, join(folder, 'node_modules'), 'dir');
  writeFileSync(join(folder, 'config.default.json'), JSON.stringify(SETTINGS));
  const accept = join(folder, 'accept.json');
  writeFileSync(accept, JSON.stringify(everything(backendUrl, clientPaths)));
  const script = join(folder, 'node_modules', 'snyk-broker', 'dist', 'cli', 'index.js');
  return {
    args: ['--preserve-symlinks', '--preserve-symlinks-main', script, 'server'],
    env: { BROKER_TYPE: 'server', ACCEPT: accept, ...(tls === undefined ? {} : tlsFiles(folder, tls)) },
    ca: tls === undefined ? null : pem(tls.ca ?? tls.cert),
  };
}

/** The accept list of a server that leaves every decision to the agent; of what agents send on, `clientPaths` alone passes. */
function everything(backendUrl: string, clientPaths: string) {
  const rule = { method: 'any', path: '/*' };
  return { public: [rule], private: [{ ...rule, path: clientPaths, origin: backendUrl }] };
}

function tlsFiles(folder: string, { cert, key }: BrokerTls): Record<string, string> {
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return { HTTPS_CERT: write('cert.pem', pem(cert)), HTTPS_KEY: write('key.pem', pem(key)) };
}

function pem(textOrPath: string): string {
  if (textOrPath.includes('-----BEGIN')) return textOrPath;
  if (!existsSync(textOrPath)) throw new Error(`neither PEM text nor a file: ${textOrPath}`);
  return readFileSync(textOrPath, 'utf8');
}
