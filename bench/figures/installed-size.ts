import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sample } from '../figure.ts';
import { bytesOfPackage, type Lockfile, neededBy } from '../installed-packages.ts';
import type { Measurement } from '../measurement.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MEBIBYTE = 1024 * 1024;
const OFFICIAL = 'node_modules/snyk-broker';
/** The Node that snyk-broker is run by would be no dependency of a program. */
const NOT_COUNTED = new Set(['node_modules/node']);

/** What has to be installed beside the program itself. */
export const installedSize: Measurement = {
  name: 'installed-size',
  title: 'Installed size',
  how: [
    'The bytes of all files of the packages that the program needs at run time, directly or not, each counted once, by',
    '`package-lock.json` and what lies in `node_modules`. The program itself is counted on neither side.',
  ].join(' '),
  figures: [
    {
      id: 'installed-size',
      title: 'Production dependencies, unpacked',
      unit: 'MiB',
      better: 'less',
      target: 0.15,
    },
    {
      id: 'installed-packages',
      title: 'Production dependencies',
      unit: 'packages',
      better: 'less',
      target: null,
    },
  ],
  rounds: 1,
  measure,
};

async function measure(): Promise<readonly Sample[]> {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
  return (['agent', 'official'] as const).flatMap((contender): Sample[] => {
    const needed = [...neededBy(lock, contender === 'agent' ? '' : OFFICIAL)].filter(
      (place) => !NOT_COUNTED.has(place),
    );
    const bytes = needed.reduce((sum, place) => sum + bytesOfPackage(join(ROOT, place)), 0);
    return [
      { figure: 'installed-size', contender, value: bytes / MEBIBYTE },
      { figure: 'installed-packages', contender, value: needed.length },
    ];
  });
}
