import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/**
 * `npm run build`: `src` and the packages it needs as a few ES modules in `dist`, so that a start reads some 30 files and
 * not 1,100. What a command does not need stays in chunks that it does not load. Nothing is renamed, so the names in a
 * stack trace are those of the source; with `node --enable-source-maps` its places are too.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NOTICES = 'THIRD-PARTY-LICENSES.txt';
const LICENCE = /^(licen[cs]e|copying)/i;

/** For packages of the older module system, which look up Node's own modules by `require`. */
const REQUIRE = `import { createRequire as requireOf } from 'node:module';
const require = requireOf(import.meta.url);`;

/** Makes `dist` anew. Throws when something cannot be resolved. */
export async function makeDist(outdir = join(ROOT, 'dist')): Promise<void> {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/cli.ts'],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // As deep as a file of src/ROOM, so that both find the package's other files by the same relative URL.
    chunkNames: 'chunks/[name]-[hash]',
    banner: { js: REQUIRE },
    // V8 keeps every source it runs in memory, comments too.
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [lean],
    // undici asks for this name to leave its second, experimental parser out.
    define: { esbuildDetection: 'true' },
    metafile: true,
    logLevel: 'warning',
  });
  const packages = bundledPackages(Object.keys(metafile.inputs));
  writeFileSync(join(outdir, NOTICES), packages.map((path) => notice(join(ROOT, path))).join('\n'));
}

/** What a package loads and this agent never reaches, and what stands in its place: `PACKAGE: what it asks for`. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  // HTTP/2 is never offered.
  'undici: ./client-h2.js': 'module.exports = undefined;',
  // There is one process.
  'prom-client: ./lib/cluster': 'module.exports = undefined;',
  // Colours for debug's output: a development tool brings it, and production never had it.
  'debug: supports-color': 'module.exports = undefined;',
  // Traces are not made, and exemplars of metrics, which name them, are off.
  'prom-client: @opentelemetry/api': 'module.exports = undefined;',
  // winston's own debug output.
  'winston: @dabh/diagnostics': 'module.exports = () => () => {};',
};

const lean: Plugin = {
  name: 'lean',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: fileURLToPath(new URL('undici.js', import.meta.url)) }));
    // Tables of charsets such as Shift_JIS: forms are the one text that is decoded, and theirs is UTF-8 or Latin-1.
    onResolve({ filter: /^\.\/tables\/.*\.json$/ }, ({ path }) => ({ path, external: true }));
    onResolve({ filter: /./ }, ({ path, importer }) => {
      const asked = `${bundledPackages([importer])[0]?.replace(/^.*node_modules\//, '')}: ${path}`;
      return Object.hasOwn(LEFT_OUT, asked) ? { path: asked, namespace: 'left-out' } : undefined;
    });
    onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({ contents: LEFT_OUT[path] ?? '' }));
  },
};

/** The folders of the packages that the files are of, sorted. */
export function bundledPackages(files: readonly string[]): string[] {
  const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
  return [...new Set(files.flatMap((file) => folder.exec(file)?.[0] ?? []))].sort();
}

/** A package with its licence as it gives it. Throws for one that gives none. */
function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder).filter((file) => LICENCE.test(file));
  if (texts.length === 0 && typeof license !== 'string') throw new Error(`${folder} names no licence`);
  const whole = texts.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${name} ${version} (${license ?? 'see below'})\n${'-'.repeat(78)}\n${whole.join('\n\n')}\n`;
}

if (import.meta.main) await makeDist();
