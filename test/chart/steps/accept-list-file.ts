import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { ROOT } from '../places.ts';
import { manifestsIn, template, valuesOf } from '../render.ts';
import type { Stage, Step } from './step.ts';

/** The agent's own list, which is as an operator's would be. */
const LIST = join(ROOT, 'config/accept/bitbucket-server.json');
/** Bytes. A ConfigMap takes 1 MiB with all that is in it. */
const TOO_MUCH = 900_001;

export const acceptListFile: Step = {
  name: 'an accept list given as a file stays as it is, and one too large is refused',
  async run(stage) {
    const folder = makeTemporaryFolder('chart-list');
    try {
      const large = join(folder.path, 'large.yaml');
      writeFileSync(large, `#${'x'.repeat(TOO_MUCH - 1)}`);
      const [taken, refused] = [await withFile(stage, LIST), await withFile(stage, large)];
      const map = manifestsIn(taken.stdout).find(({ data }) => data?.['accept-list'] !== undefined);
      const same = map?.data['accept-list'] === readFileSync(LIST, 'utf8');
      const told = refused.code !== 0 && refused.stderr.includes(`acceptList: has ${TOO_MUCH} bytes`);
      return [
        ...(same ? [] : [`the list in the ConfigMap is another one than in the file: ${taken.stderr}`]),
        ...(told ? [] : [`a list of ${TOO_MUCH} bytes is not refused: ${refused.stderr}`]),
      ];
    } finally {
      folder.remove();
    }
  },
};

const withFile = ({ tools }: Stage, file: string) =>
  template(tools.helm, ['-f', valuesOf('minimal'), '--set-file', `acceptList.file=${file}`]);
