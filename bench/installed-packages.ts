import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One package as the lock file has it. */
interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly dev?: boolean;
}

/** What is read of a `package-lock.json`, version 2 or 3: places such as `node_modules/ws`, and '' for the root. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/**
 * The places of all packages that the one at `place` needs at run time, itself left out. An optional one that is not
 * installed is none.
 *
 * @throws when the lock file lacks one that must be there
 */
export function neededBy({ packages }: Lockfile, place: string): ReadonlySet<string> {
  const needed = new Set<string>();
  const visit = (from: string) => {
    const found = packages[from];
    if (found === undefined) throw new Error(`${from} is not in the lock file`);
    for (const [name, must] of wanted(found)) {
      const at = placeOf(packages, from, name);
      if (at === null && must) throw new Error(`${from} needs ${name}, which is not in the lock file`);
      if (at === null || needed.has(at)) continue;
      needed.add(at);
      visit(at);
    }
  };
  visit(place);
  needed.delete(place);
  return needed;
}

/** Names, and whether each must be there. */
function wanted(found: LockedPackage): Map<string, boolean> {
  const names = new Map<string, boolean>();
  const { peerDependenciesMeta: meta = {}, optionalDependencies: optional = {} } = found;
  for (const name of Object.keys(found.peerDependencies ?? {})) {
    if (meta[name]?.optional !== true) names.set(name, true);
  }
  for (const name of Object.keys(found.dependencies ?? {})) names.set(name, !(name in optional));
  for (const name of Object.keys(optional)) names.set(name, false);
  return names;
}

/** As Node looks for it: in the folder of the one that asks, then upwards. */
function placeOf(packages: Lockfile['packages'], from: string, name: string): string | null {
  for (let folder = from; ; folder = above(folder)) {
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (place in packages) return place;
    if (folder === '') return null;
  }
}

const above = (folder: string): string => {
  const end = folder.lastIndexOf('/node_modules/');
  return end < 0 ? '' : folder.slice(0, end);
};

/** Bytes of the files in a package's folder, without the packages inside it. Throws when it is not there. */
export function bytesOfPackage(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) bytes += lstatSync(path).size;
    else if (entry.name !== 'node_modules') bytes += bytesOfPackage(path);
  }
  return bytes;
}
