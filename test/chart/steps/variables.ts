import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { declared, VARIABLES } from '../../../src/config/schema.ts';
import type { Ended } from '../../kit/program.ts';
import { containersOf, podsIn } from '../pods.ts';
import { type Manifest, manifestsIn, template, valuesOf } from '../render.ts';
import { renders } from './renders.ts';
import type { Stage, Step } from './step.ts';

/** Other names for what a value sets, or what is one with it. */
const INSTEAD = new Set([
  ...['BITBUCKET', 'INSECURE_DOWNSTREAM', 'BROKER_DISPATCHER_BASE_URL', 'INVENTORY_ENABLED'],
  ...['ADMIN_HOST', 'NODE_EXTRA_CA_CERTS'],
]);

export const variables: Step = {
  name: 'every variable of the agent can be set, by a value or by extraEnv, and not by both',
  async run(stage) {
    const made = await renders(stage);
    const set = new Set(made.flatMap(({ manifests }) => namesIn(manifests)));
    const isIn = (names: ReadonlySet<string>) => (name: string) =>
      names.has(name) || names.has(`${name}_FILE`);
    const all = Object.keys(VARIABLES);
    const rest = all.filter((name) => !isIn(set)(name));
    const byOperators = isIn(new Set(made.flatMap(({ ownVariables }) => ownVariables)));
    const byChart = all.filter((name) => isIn(set)(name) && !byOperators(name));
    const refused = ownIn(await withExtras(stage, all));
    const idle = [...refused].filter(([name]) => rest.includes(name) && !INSTEAD.has(name));
    const extras = rest.filter((name) => !refused.has(name));
    const { code, stdout, stderr } = await withExtras(stage, extras);
    if (code !== 0) return [`${extras.join(', ')} cannot be set: ${stderr}`];
    const reached = new Set(namesIn(manifestsIn(stdout)));
    return [
      ...[...byChart, ...INSTEAD]
        .filter((name) => !refused.has(name))
        .map((name) => `${name} is taken from the operator, beside the value that sets it`),
      ...idle.map(([name, value]) => `${name}: no file of values sets it, by ${value}`),
      ...extras
        .filter((name) => !reached.has(name) && !reached.has(`${name}_FILE`))
        .map((name) => `${name} does not reach a container`),
    ];
  },
};

async function withExtras({ tools }: Stage, names: readonly string[]): Promise<Ended> {
  const isSecret = (name: string) => declared(name)?.secret === true;
  const plain = names.filter((name) => !isSecret(name));
  const secret = names.filter(isSecret);
  const values = {
    extraEnv: plain.map((name) => ({ name, value: declared(name)?.example ?? '' })),
    extraSecrets: secret.map((variable) => ({ variable, existingSecret: 'mine', key: variable })),
  };
  const folder = makeTemporaryFolder('chart-values');
  try {
    const path = join(folder.path, 'values.yaml');
    writeFileSync(path, stringify(values));
    return await template(tools.helm, ['-f', valuesOf('minimal'), '-f', path]);
  } finally {
    folder.remove();
  }
}

/** The variables that the chart wants set by a value, and by which. */
const ownIn = ({ stderr }: Ended): ReadonlyMap<string, string> =>
  new Map(
    Array.from(stderr.matchAll(/is (\w+), which .*Use (\S+) for it/g), ([, name = '', value = '']) => [
      name,
      value,
    ]),
  );

const namesIn = (manifests: readonly Manifest[]): string[] =>
  podsIn(manifests).flatMap((pod) =>
    containersOf(pod).flatMap(({ env = [] }) => env.map(({ name }) => name)),
  );
