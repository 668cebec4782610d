import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../../../sandbox/certificates.ts';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { gateProblems, openGate } from '../../../src/agent/gate.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { declared } from '../../../src/config/schema.ts';
import { AgentError } from '../../../src/errors.ts';
import type { Log } from '../../../src/log.ts';
import { layOut } from '../container-files.ts';
import { ROOT } from '../places.ts';
import { type Container, containersOf, type PodTemplate, podsIn } from '../pods.ts';
import type { Manifest } from '../render.ts';
import type { Check } from './check.ts';

const authority = createAuthority();
const server = authority.issue(['agent.example.com']);

/** What operators have in their own Secrets and ConfigMaps. */
const SAMPLES: Readonly<Record<string, string>> = {
  BROKER_TOKEN: '3b1f8a54-6f1c-4c5e-9d27-0a6b4f1e2c3d',
  HTTP_PROXY: 'http://agent:proxy-password@proxy.example.com:3128',
  HTTPS_PROXY: 'http://agent:proxy-password@proxy.example.com:3128',
  BITBUCKET_USERNAME_POOL: 'first-reader,second-reader',
  BITBUCKET_PASSWORD_POOL: 'first-password,second-password',
  BITBUCKET_PAT_POOL: 'first-access-token,second-access-token',
  CA_CERT: authority.ca,
  HTTPS_CERT: server.cert,
  HTTPS_KEY: server.key,
};

const sample = (variable: string): string => {
  if (variable === 'ACCEPT') return readFileSync(join(ROOT, 'config/accept/bitbucket-server.json'), 'utf8');
  return SAMPLES[variable] ?? `content-of-${variable.toLowerCase()}`;
};

/** What Kubernetes adds to each container. */
const FROM_KUBERNETES = {
  HOSTNAME: 'demo-bitbucket-agent-0',
  KUBERNETES_PORT: 'tcp://10.0.0.1:443',
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  KUBERNETES_SERVICE_PORT_HTTPS: '443',
};

const COMMANDS: readonly string[] = ['run', 'sync --once', 'doctor'];

/**
 * That the agent starts at the first try: its own reader takes every container's variables and files, and has nothing
 * to warn of.
 */
export const configuration: Check = ({ manifests, ownVariables }) =>
  podsIn(manifests).flatMap((pod) =>
    containersOf(pod).flatMap((container) =>
      [
        ...ofContainer(container, pod, manifests),
        ...ofCommand(container),
        ...ofNames(container, ownVariables),
      ].map((flaw) => `${pod.owner}: ${flaw}`),
    ),
  );

function ofContainer(container: Container, pod: PodTemplate, manifests: readonly Manifest[]): string[] {
  const folder = makeTemporaryFolder('chart');
  try {
    const { env, flaws } = layOut(container, pod, { manifests, root: folder.path, sample });
    return [...flaws, ...told({ ...FROM_KUBERNETES, ...env }, folder.path)];
  } finally {
    folder.remove();
  }
}

/** What the agent says of these variables; `[]` when it starts without a word. */
function told(env: Readonly<Record<string, string>>, cwd: string): string[] {
  const words: string[] = [];
  const note = (message: string, fields: unknown) => words.push(`${message} ${JSON.stringify(fields)}`);
  const quiet = () => {};
  const log: Log = { debug: quiet, info: quiet, warn: note, error: note };
  try {
    const config = loadConfig({ env, cwd, alsoWrong: gateProblems });
    openGate(config, log);
    return [...config.warnings, ...words];
  } catch (error) {
    if (error instanceof AgentError) return [error.message];
    throw error;
  }
}

function ofCommand({ command, args = [] }: Container): string[] {
  const words = args.filter((arg) => !/^--(full|enrich)$/.test(arg)).join(' ');
  return [
    ...(command === undefined ? [] : ['the command takes the place of the one of the image']),
    ...(COMMANDS.includes(words === '' ? 'run' : words)
      ? []
      : [`the agent is started with ${args.join(' ')}`]),
  ];
}

function ofNames({ env = [] }: Container, own: readonly string[]): string[] {
  const names = env.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...twice.map((name) => `${name} is set twice`),
    ...names
      .filter((name) => declared(name) === undefined && !own.includes(name))
      .filter((name) => declared(name.replace(/_FILE$/, ''))?.secret !== true)
      .map((name) => `${name} is no variable of the agent`),
  ];
}
