import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, runProgram } from '../kit/program.ts';
import { cached } from './cache.ts';
import { TOOLS_MODULE } from './places.ts';

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
  const hash = createHash('sha256')
    .update(pins)
    .update(readFileSync(join(TOOLS_MODULE, 'go.sum')));
  const key = hash.digest('hex').slice(0, 16);
  const folder = await cached({ kind: 'tools', key }, (unfinished) => build(unfinished, neededGo(pins)));
  const program = (name: string) => join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  return {
    helm: program('helm'),
    unittest: program('helm-unittest'),
    docs: program('helm-docs'),
    kubeconform: program('kubeconform'),
  };
}

async function build(folder: string, needed: string): Promise<void> {
  await checkGo(needed);
  process.stderr.write('Building helm, helm-unittest, helm-docs and kubeconform once …\n');
  const { code, stderr } = await go(['install', '-ldflags=-s -w', 'tool'], { GOBIN: folder });
  if (code !== 0) throw new ToolsMissing(`Go could not build the programs of test/chart/tools:\n${stderr}`);
}

/**
 * @param needed such as `1.26`
 * @throws ToolsMissing where there is no Go, or an older one that does not fetch a newer by itself
 */
export async function checkGo(needed: string): Promise<void> {
  const { code, stdout, stderr } = await go(['env', 'GOVERSION']);
  const version = (text: string) => (/(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [major = 0, minor = 0] = version(stdout);
  const [leastMajor = 0, leastMinor = 0] = version(needed);
  if (code === 0 && (major > leastMajor || (major === leastMajor && minor >= leastMinor))) return;
  throw new ToolsMissing(`Go ${needed} or newer is needed. This one says: ${(stderr || stdout).trim()}`);
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
