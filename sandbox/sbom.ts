import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The parts of a CycloneDX document that are looked at here; the rest is passed on. */
export interface Sbom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: { readonly 'bom-ref': string; readonly name: string } };
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly name: string;
    readonly version: string;
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: true }>>;
}

const ROOT = new URL('../', import.meta.url);
const FILE = 'sbom.cdx.json';
const MOST_BYTES = 64 * 1024 * 1024;

/** What `npm ci --omit=dev` installs, as `name@version`, by the lock file in `root`. */
export function productionPackages(root: URL = ROOT): ReadonlySet<string> {
  const lock: Lock = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'));
  const installed = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  return new Set(
    installed.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`),
  );
}

/**
 * The production dependencies as a CycloneDX document. npm makes it of everything and the lock file says what stays:
 * `npm sbom --omit=dev` of npm 11.19 also leaves out what a development dependency needs too, `express`'s own among them.
 *
 * @throws when npm cannot make it
 */
export function productionSbom(root: URL = ROOT): Sbom {
  const whole = wholeSbom(root);
  const own = whole.metadata.component;
  const { name } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { name: string };
  const wanted = productionPackages(root);
  const components = whole.components.filter((one) => wanted.has(`${one.name}@${one.version}`));
  const kept = new Set([own['bom-ref'], ...components.map((one) => one['bom-ref'])]);
  const dependencies = whole.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map((one) => ({ ...one, dependsOn: one.dependsOn.filter((ref) => kept.has(ref)) }));
  // npm names it after the folder.
  return { ...whole, metadata: { ...whole.metadata, component: { ...own, name } }, components, dependencies };
}

function wholeSbom(root: URL): Sbom {
  const command = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const npm = process.env.npm_execpath;
  const [program, args] = npm === undefined ? ['npm', command] : [process.execPath, [npm, ...command]];
  const text = execFileSync(program, args, {
    cwd: fileURLToPath(root),
    encoding: 'utf8',
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, npm_config_loglevel: 'error' },
  });
  return JSON.parse(text);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sbom = productionSbom();
  writeFileSync(new URL(FILE, ROOT), `${JSON.stringify(sbom, null, 2)}\n`);
  process.stdout.write(`${FILE}: CycloneDX ${sbom.specVersion}, ${sbom.components.length} packages\n`);
}
