import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { declared, VARIABLES } from '../../../src/config/schema.ts';
import { containersOf, podsIn } from '../pods.ts';
import { type Manifest, manifestsIn, template, valuesOf } from '../render.ts';
import { renders } from './renders.ts';
import type { Step } from './step.ts';

/** What the chart decides by itself: where a container listens, and where its volumes are. */
const OWN = new Set(['PORT', 'STATE_DIR', 'ADMIN_PORT', 'RELAY_PORT', 'INVENTORY_PORT', 'INVENTORY_HOST']);

export const variables: Step = {
  name: 'every variable of the agent can be set',
  async run(stage) {
    const made = await renders(stage);
    const set = new Set(made.flatMap(({ manifests }) => namesIn(manifests)));
    const rest = Object.keys(VARIABLES).filter((name) => !set.has(name) && !set.has(`${name}_FILE`));
    const secret = rest.filter((name) => declared(name)?.secret === true);
    const plain = rest.filter((name) => !secret.includes(name) && !OWN.has(name));
    const values = {
      extraEnv: plain.map((name) => ({ name, value: declared(name)?.example ?? '' })),
      extraSecrets: secret.map((variable) => ({ variable, existingSecret: 'mine', key: variable })),
    };
    const folder = makeTemporaryFolder('chart-values');
    try {
      const path = join(folder.path, 'values.yaml');
      writeFileSync(path, stringify(values));
      const files = ['-f', valuesOf('minimal'), '-f', path];
      const { code, stdout, stderr } = await template(stage.tools.helm, files);
      if (code !== 0) return [`${rest.join(', ')} cannot be set: ${stderr}`];
      const reached = new Set(namesIn(manifestsIn(stdout)));
      return [...plain, ...secret.map((name) => `${name}_FILE`)]
        .filter((name) => !reached.has(name))
        .map((name) => `${name} does not reach a container`);
    } finally {
      folder.remove();
    }
  },
};

const namesIn = (manifests: readonly Manifest[]): string[] =>
  podsIn(manifests).flatMap((pod) =>
    containersOf(pod).flatMap(({ env = [] }) => env.map(({ name }) => name)),
  );
