import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, TOOLS_MODULE } from './places.ts';
import { type Ended, outputOf, runProgram } from './program.ts';

/** Paths of the programs. */
export interface Tools {
  readonly helm: string;
  readonly unittest: string;
  readonly docs: string;
  readonly kubeconform: string;
}

/** What the operator of this runner has to mend; shown without a stack. */
export class ToolsMissing extends Error {}

/**
 * The programs at the versions of `tools/go.mod`, built into the cache where they are not there yet: two to three
 * minutes with empty caches.
 *
 * @throws ToolsMissing where Go is missing, too old, or cannot build them
 */
export async function chartTools(): Promise<Tools> {
  const pins = readFileSync(join(TOOLS_MODULE, 'go.mod'), 'utf8');
  const key = createHash('sha256')
    .update(pins)
    .update(readFileSync(join(TOOLS_MODULE, 'go.sum')));
  const folder = join(CACHE, `tools-${key.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) await build(folder, neededGo(pins));
  const program = (name: string) => join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  return {
    helm: program('helm'),
    unittest: program('helm-unittest'),
    docs: program('helm-docs'),
    kubeconform: program('kubeconform'),
  };
}

/** The folder has its name only when everything in it is whole. */
async function build(folder: string, needed: string): Promise<void> {
  await checkGo(needed);
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE).filter((entry) => entry.startsWith('tools-')))
    rmSync(join(CACHE, name), { recursive: true, force: true });
  const unfinished = `${folder}.unfinished`;
  process.stderr.write('Building helm, helm-unittest, helm-docs and kubeconform once …\n');
  const { code, stderr } = await runProgram('go', ['install', '-ldflags=-s -w', 'tool'], {
    cwd: TOOLS_MODULE,
    env: { GOBIN: unfinished, GOWORK: 'off' },
  });
  if (code !== 0) throw new ToolsMissing(`Go could not build the programs of test/chart/tools:\n${stderr}`);
  renameSync(unfinished, folder);
}

async function checkGo(needed: string): Promise<void> {
  const install = `Install Go ${needed} or newer and have \`go\` in PATH.`;
  let found: Ended;
  try {
    found = await runProgram('go', ['env', 'GOVERSION'], { cwd: TOOLS_MODULE, env: { GOWORK: 'off' } });
  } catch {
    throw new ToolsMissing(
      `The chart is tested with programs that Go ${needed} builds, and there is no Go. ${install}`,
    );
  }
  if (found.code !== 0) throw new ToolsMissing(`${install} This one says: ${found.stderr.trim()}`);
}

function neededGo(pins: string): string {
  const version = /^go (\d+\.\d+)/m.exec(pins)?.[1];
  if (version === undefined) throw new Error('test/chart/tools/go.mod has no go line');
  return version;
}

/**
 * The folder of a Go module's files, downloaded where it is not there yet.
 *
 * @param sum as go.sum has it; another content is an error
 */
export async function goModule(path: string, version: string, sum: string): Promise<string> {
  const args = ['mod', 'download', '-json', `${path}@${version}`];
  const told: unknown = JSON.parse(await outputOf('go', args, { cwd: TOOLS_MODULE, env: { GOWORK: 'off' } }));
  const { Dir: folder, Sum: found } = told as { Dir?: string; Sum?: string };
  if (folder === undefined) throw new Error(`Go has no folder for ${path}@${version}`);
  if (found !== sum) throw new Error(`${path}@${version} has the checksum ${found}, pinned is ${sum}`);
  return folder;
}
