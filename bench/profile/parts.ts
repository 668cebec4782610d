import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What of V8's profile is read; times in microseconds of the monotonic clock. */
export interface CpuProfile {
  readonly startTime: number;
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** What was spent in one part of the program. */
export interface Part {
  readonly name: string;
  readonly micros: number;
  /** The functions that took most of it. */
  readonly most: readonly string[];
}

type Frame = CpuProfile['nodes'][number]['callFrame'];

const MOST = 4;
const WAITING = new Set(['(idle)', '(root)']);

/** Counts the samples taken between two moments by part, the dearest first. What waits is left out. */
export function partsOf(profile: CpuProfile, { from, to }: { from: number; to: number }): Part[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<string, Map<string, number>>();
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const micros = profile.timeDeltas[index] ?? 0;
    at += micros;
    const frame = frames.get(id);
    if (at < from || at > to || frame === undefined || WAITING.has(frame.functionName)) continue;
    const part = partOf(frame);
    const functions = parts.get(part) ?? new Map<string, number>();
    parts.set(part, functions);
    const name = frame.functionName || 'nameless';
    functions.set(name, (functions.get(name) ?? 0) + micros);
  }
  return [...parts].map(summed).sort((one, other) => other.micros - one.micros);
}

function summed([name, functions]: [string, Map<string, number>]): Part {
  const byTime = [...functions].sort(([, one], [, other]) => other - one);
  return {
    name,
    micros: byTime.reduce((sum, [, micros]) => sum + micros, 0),
    most: byTime.slice(0, MOST).map(([title]) => `\`${title}\``),
  };
}

/** A room of `src`, a package, Node, what Node does in C++ (system calls most of all), or V8 itself. */
function partOf(frame: Frame): string {
  if (frame.functionName === '(garbage collector)') return 'garbage collection';
  if (frame.functionName === '(program)') return 'V8 and Node, outside of any function';
  if (frame.url === '') return 'Node in C++: system calls, most of all';
  if (frame.url.startsWith('node:')) return "Node's own modules";
  if (frame.url.startsWith('wasm:')) return '`undici` in WebAssembly: its HTTP parser';
  const source = sourceOf(frame);
  const room = /(?:^|\/)src\/([\w-]+)(\/|\.ts$)/.exec(source);
  if (room !== null) return `\`src/${room[1]}${room[2] === '/' ? '/' : '.ts'}\``;
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(source)?.[1];
  return name === undefined ? 'other' : `\`${name}\``;
}

const maps = new Map<string, SourceMap | null>();

/** The source file that a place of a bundled module was made of. */
function sourceOf({ url, lineNumber, columnNumber }: Frame): string {
  let map = maps.get(url);
  if (map === undefined) {
    const path = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
    map = existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : null;
    maps.set(url, map);
  }
  const entry = map?.findEntry(lineNumber, columnNumber);
  return entry !== undefined && 'originalSource' in entry ? entry.originalSource : url;
}
