import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bitbucket, type BitbucketOptions, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { openGate } from '../../src/agent/gate.ts';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { createExchange } from '../../src/bitbucket/exchange.ts';
import { withRetry } from '../../src/bitbucket/retry.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type DoctorOptions, examine } from '../../src/doctor/examine.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { silentLog } from '../../src/log.ts';
import { createNetwork } from '../../src/network/network.ts';
import { atTheEnd } from '../kit/endings.ts';
import { startServer } from '../kit/http-server.ts';

export { atTheEnd, endAll } from '../kit/endings.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export function folder(): string {
  const made = makeTemporaryFolder('doctor');
  atTheEnd(() => made.remove());
  return made.path;
}

export function file(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

export async function bitbucket(options: BitbucketOptions = {}): Promise<Bitbucket> {
  const started = await startBitbucket(options);
  atTheEnd(() => started.close());
  return started;
}

/** Answers as the Snyk Broker server's health check does, and is nothing else. */
export async function snykServer(answer: { status?: number; body?: string; date?: string } = {}) {
  const { status = 200, body = '{"ok":true,"version":"5.22.14"}', date } = answer;
  const server = await startServer((_request, response) => {
    if (date !== undefined) response.setHeader('date', date);
    response.writeHead(status).end(body);
  });
  atTheEnd(() => server.close());
  return server.origin;
}

/** Enough to look at; what it names is there. */
export async function environment(overlay: Env = {}): Promise<Env> {
  return {
    BROKER_TOKEN: '11111111-2222-4333-8444-555555555555',
    BROKER_SERVER_URL: overlay.BROKER_SERVER_URL ?? (await snykServer()),
    BITBUCKET_URL: overlay.BITBUCKET_URL ?? (await bitbucket()).url,
    BITBUCKET_USERNAME: 'agent',
    BITBUCKET_PASSWORD: 'agent-password',
    PROFILE_NAME: 'test',
    PORT: String(await freePort()),
    ADMIN_PORT: 'off',
    STATE_DIR: folder(),
    ...overlay,
  };
}

/** Has the doctor look at an agent of this environment. @returns what a check found */
export async function examined(
  overlay: Env = {},
  options: Partial<DoctorOptions> = {},
): Promise<(check: string) => readonly Finding[]> {
  const findings = await findingsOf(overlay, options);
  return (check) => findings.filter((finding) => finding.check === check);
}

async function findingsOf(
  overlay: Env = {},
  options: Partial<DoctorOptions> = {},
): Promise<readonly Finding[]> {
  const config = loadConfig({ env: await environment(overlay), cwd: folder() });
  const { rules, credentialsOf } = openGate(config, silentLog);
  const network = createNetwork(config.network);
  const send = withAuthorization(withRetry(createExchange(network, config.bitbucket.timeouts)));
  const { baseUrl, scheme, api } = config.bitbucket;
  try {
    return await examine(
      {
        ...{ config, rules, credentialsOf, network, send, identify: null },
        bitbucket: { baseUrl, apiUrl: `${scheme}://${api}` },
        ...options,
      },
      new AbortController().signal,
    );
  } finally {
    await network.close();
  }
}

/** What a test says of a finding. */
export const told = ({ verdict, what, todo = '' }: Finding): string => `${verdict} ${what} | ${todo}`;
