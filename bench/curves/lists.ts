import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../sandbox/child.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { type Curve, LineBook, median } from './curve.ts';
import type { ListWork } from './list-work.ts';
import { changed, listText, type Mix, ruleList } from './rule-lists.ts';

const PROGRAM = fileURLToPath(new URL('list-work.ts', import.meta.url));
const MIXES: readonly Mix[] = ['plain', 'wildcard'];
const WORKS = ['load', 'lint', 'diff', 'explain'] as const;
const MIB = 1024 * 1024;

/**
 * What a list costs to load, to lint, to compare with one that has every second rule changed, and to explain a refusal
 * by; the memory it keeps; the `identify` frame that carries it at each connection.
 *
 * @param rounds processes for each list; the median counts
 */
export async function listCurves(counts: readonly number[], rounds: number): Promise<Curve[]> {
  const cpu = { plain: new LineBook(), wildcard: new LineBook() };
  const heap = new LineBook();
  const frames = new LineBook();
  for (const mix of MIXES) {
    for (const count of counts) {
      const seen: ListWork[] = [];
      for (let round = 0; round < rounds; round += 1) seen.push(await listWork(mix, count));
      for (const work of WORKS) cpu[mix].add(work, count, median(seen.map((each) => each[work])));
      heap.add(mix, count, median(seen.map(({ heapBytes }) => heapBytes)) / MIB);
      frames.add(mix, count, median(seen.map(({ identifyBytes }) => identifyBytes)) / 1024);
    }
  }
  const shared = { x: 'rules', of: 'whole' } as const;
  return [
    ...MIXES.map((mix) => ({
      ...{ id: `list-cpu-${mix}`, title: `CPU for a list, once, ${mix} rules`, unit: 'ms' },
      ...shared,
      lines: cpu[mix].lines,
    })),
    { id: 'list-heap', title: 'Memory that a list keeps', unit: 'MiB', ...shared, lines: heap.lines },
    { id: 'identify', title: 'Size of the identify frame', unit: 'KiB', ...shared, lines: frames.lines },
  ];
}

async function listWork(mix: Mix, count: number): Promise<ListWork> {
  const list = ruleList(mix, count);
  const folder = makeTemporaryFolder('bench-list');
  try {
    const [file, other] = ['list.json', 'changed.json'].map((name) => join(folder.path, name));
    if (file === undefined || other === undefined) throw new Error('two files');
    writeFileSync(file, listText(list));
    writeFileSync(other, listText(changed(list)));
    const args = ['--expose-gc', PROGRAM, file, other, list.calls['no rule']];
    const child = await startChild({ args, env: {}, cwd: folder.path });
    const { code } = await child.exited;
    if (code !== 0) throw new Error(child.output());
    return JSON.parse(child.output());
  } finally {
    folder.remove();
  }
}
