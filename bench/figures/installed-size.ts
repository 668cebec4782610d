import { readdirSync, readFileSync, statSync } from 'node:fs';
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
    'The bytes of all files that must lie where the program runs, Node apart. The official client: its package and those',
    'it needs, directly or not, each counted once. This agent: `dist/` without its source maps, which has the packages it',
    'needs in it, `config/` and `package.json`. Below that the packages as npm unpacks them, before a build takes what is',
    'needed out of them, without the program itself.',
  ].join(' '),
  figures: [
    {
      id: 'installed-size',
      title: 'The program with its production dependencies, unpacked',
      unit: 'MiB',
      better: 'less',
      target: 0.15,
    },
    {
      id: 'unpacked-packages',
      title: 'Its packages as npm unpacks them',
      unit: 'MiB',
      better: 'less',
      target: null,
    },
    {
      id: 'installed-packages',
      title: 'How many they are',
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
    const whole = contender === 'agent' ? bytesOfAgent() : bytes + bytesOfPackage(join(ROOT, OFFICIAL));
    return [
      { figure: 'installed-size', contender, value: whole / MEBIBYTE },
      { figure: 'unpacked-packages', contender, value: bytes / MEBIBYTE },
      { figure: 'installed-packages', contender, value: needed.length },
    ];
  });
}

/** What the image has of it, and what README says a machine needs. */
function bytesOfAgent(): number {
  const files = ['dist', 'config'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
  return [...files, join(ROOT, 'package.json')].reduce((sum, file) => sum + statSync(file).size, 0);
}
