import { InventoryBench } from '../sync/inventory-bench.ts';
import type { Usage } from '../sync/measured.ts';
import { type Curve, LineBook } from './curve.ts';
import { pullAll } from './pull.ts';

const MIB = 1024 * 1024;

/** What `sync --once`, `preview` and the pull lists cost with ever more repositories; half as many users beside them. */
export async function repositoryCurves(sizes: readonly number[]): Promise<Curve[]> {
  const cpu = new LineBook();
  const wall = new LineBook();
  const memory = new LineBook();
  for (const size of sizes) {
    const add = (label: string, usage: Pick<Usage, 'userSeconds' | 'systemSeconds' | 'peakBytes'>) => {
      cpu.add(label, size, ((usage.userSeconds + usage.systemSeconds) * 1000) / size);
      memory.add(label, size, usage.peakBytes / MIB);
    };
    await InventoryBench.with(size, async (bench) => {
      const first = await bench.run('the first run');
      const second = await bench.run('the second run');
      if (first.sent < size || second.sent !== 0)
        throw new Error(`${size} repositories: ${first.sent} and then ${second.sent} resources were sent`);
      for (const [label, { usage, seconds }] of Object.entries({
        'first run': first,
        'second run': second,
      })) {
        add(label, usage);
        wall.add(label, size, (seconds * 1000) / size);
      }
      const shown = await bench.command('preview', ['preview', 'repositories', '--limit', String(size)]);
      if (shown.lines.length <= size) throw new Error(`preview shows ${shown.lines.length} lines`);
      add('preview of all', shown.usage);
      const { usage, repositories } = await pullAll(bench);
      if (repositories !== size) throw new Error(`${repositories} of ${size} repositories were pulled`);
      add('pull of all', usage);
    });
  }
  const shared = { x: 'repositories', of: 'each' } as const;
  return [
    { id: 'repositories-cpu', title: 'CPU a repository', unit: 'ms', ...shared, lines: cpu.lines },
    { id: 'repositories-time', title: 'Time a repository', unit: 'ms', ...shared, lines: wall.lines },
    {
      id: 'repositories-memory',
      title: 'Memory at the highest',
      unit: 'MiB',
      ...shared,
      lines: memory.lines,
    },
  ];
}
