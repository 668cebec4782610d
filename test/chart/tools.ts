import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, TOOLS_MODULE } from './places.ts';
import { type Ended, runProgram } from './program.ts';

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
  const { code, stderr } = await go(['install', '-ldflags=-s -w', 'tool'], { GOBIN: unfinished });
  if (code !== 0) throw new ToolsMissing(`Go could not build the programs of test/chart/tools:\n${stderr}`);
  renameSync(unfinished, folder);
}

async function checkGo(needed: string): Promise<void> {
  const { code, stderr } = await go(['env', 'GOVERSION']);
  if (code !== 0) throw new ToolsMissing(`Go ${needed} or newer is needed. This one says: ${stderr.trim()}`);
}

/** Runs Go where the pins are. */
async function go(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  try {
    return await runProgram('go', args, { cwd: TOOLS_MODULE, env: { GOWORK: 'off', ...env } });
  } catch {
    const needed = neededGo(readFileSync(join(TOOLS_MODULE, 'go.mod'), 'utf8'));
    throw new ToolsMissing(
      `The chart is tested with programs and schemas that Go fetches, and there is no Go. Install Go ${needed} or newer and have \`go\` in PATH.`,
    );
  }
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
 * @throws ToolsMissing where it cannot be had
 */
export async function goModule(path: string, version: string, sum: string): Promise<string> {
  const { stdout, stderr } = await go(['mod', 'download', '-json', `${path}@${version}`]);
  const told = (stdout === '' ? {} : JSON.parse(stdout)) as { Dir?: string; Sum?: string; Error?: string };
  const { Dir: folder, Sum: found } = told;
  if (folder === undefined)
    throw new ToolsMissing(`Go has not got ${path}@${version}: ${told.Error ?? stderr}`);
  if (found !== sum) throw new Error(`${path}@${version} has the checksum ${found}, pinned is ${sum}`);
  return folder;
}
