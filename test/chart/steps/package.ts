import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { outputOf } from '../../kit/program.ts';
import { CHART, ROOT } from '../places.ts';
import type { Step } from './step.ts';

const NEEDED = [
  'Chart.yaml',
  'values.yaml',
  'values.schema.json',
  'README.md',
  'UPGRADING.md',
  'templates/NOTES.txt',
];
const UNWANTED = /^(ci|tests|rendered)\/|\.gotmpl$|(^|\/)\.(?!helmignore)/;

export const packaged: Step = {
  name: 'helm package has what users need, and no tests',
  async run({ tools }) {
    const folder = makeTemporaryFolder('chart-package');
    try {
      await outputOf(tools.helm, ['package', CHART, '--destination', folder.path]);
      const [archive = ''] = readdirSync(folder.path);
      const listed = await outputOf('tar', ['-tzf', join(folder.path, archive)]);
      const files = listed.split('\n').map((name) => name.replace(/^[^/]*\//, ''));
      return [
        ...NEEDED.filter((name) => !files.includes(name)).map((name) => `${name} is not in the package`),
        ...files.filter((name) => UNWANTED.test(name)).map((name) => `${name} is in the package`),
        ...versions(),
      ];
    } finally {
      folder.remove();
    }
  },
};

function versions(): string[] {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const { appVersion } = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as { appVersion: unknown };
  return appVersion === version ? [] : [`appVersion is ${String(appVersion)}, package.json has ${version}`];
}
