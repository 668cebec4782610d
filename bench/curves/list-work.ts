/**
 * What is done with an accept list besides deciding, in a process of its own, each for the first time as at a start or
 * in a command: `node --expose-gc bench/curves/list-work.ts LIST CHANGED URL`. Two files, and a call that no rule takes.
 * It writes one line of JSON, a {@link ListWork}.
 */
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { loadRules } from '../../src/rules/compile.ts';
import { diff } from '../../src/rules/diff.ts';
import { explain } from '../../src/rules/explain.ts';
import { lint } from '../../src/rules/lint/lint.ts';
import { encodeEvent } from '../../src/tunnel/frames.ts';
import { identity } from '../../src/tunnel/identify.ts';

/** CPU milliseconds and bytes. */
export interface ListWork {
  readonly load: number;
  readonly lint: number;
  readonly diff: number;
  /** To find the rules nearest to a refused call. */
  readonly explain: number;
  /** Heap that the compiled list keeps. */
  readonly heapBytes: number;
  readonly identifyBytes: number;
}

const PLACE = { origin: 'https://bitbucket.test', basePath: '' };

function compiled(text: string) {
  const loaded = loadRules(text, 'bench.json', {
    variable: () => undefined,
    bitbucket: { scheme: 'https', host: 'bitbucket.test' },
    allowWrites: false,
  });
  if (loaded.rules === null) throw new Error(JSON.stringify(loaded.problems));
  return { ...loaded, rules: loaded.rules };
}

function timed<Result>(work: () => Result): { readonly ms: number; readonly result: Result } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, result };
}

/** Heap that one of some results keeps. */
async function kept(make: () => unknown): Promise<number> {
  const before = await heapUsed();
  const results = Array.from({ length: 4 }, make);
  const after = await heapUsed();
  return (after - before) / results.length;
}

async function heapUsed(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('Node needs the option --expose-gc');
  // A collection in a turn of its own, as the one under way may hold on to what it has just used.
  await turn();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

const [listFile = '', changedFile = '', url = ''] = process.argv.slice(2);
const text = readFileSync(listFile, 'utf8');
const load = timed(() => compiled(text)).ms;
const heapBytes = await kept(() => compiled(text));
const loaded = compiled(text);
const { rules } = loaded;
const other = compiled(readFileSync(changedFile, 'utf8')).rules;
const findings = timed(() =>
  lint({ file: 'bench.json', text, loaded, bitbucket: PLACE, allowWrites: false }),
);
const difference = timed(() => diff(rules, other));
if (difference.result.newlyAllowed.length === 0) throw new Error('diff found nothing');
const explained = timed(() => explain(rules, { method: 'GET', url, headers: {}, body: null }));
if (explained.result.nearMisses.length === 0) throw new Error('explain found no rule that is near');
const frame = encodeEvent(
  'identify',
  identity({
    ...{ token: '7cbc0b0e-46ea-4a1b-9e2c-0c3d7e5f1a2b', filters: rules.filters },
    ...{ agentVersion: '0.0.0', role: 'primary', clientId: '7cbc0b0e-46ea-4a1b-9e2c-0c3d7e5f1a2b' },
  }),
);
const work: ListWork = {
  load,
  lint: findings.ms,
  diff: difference.ms,
  explain: explained.ms,
  heapBytes,
  identifyBytes: Buffer.byteLength(frame),
};
console.log(JSON.stringify(work));
