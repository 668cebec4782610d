import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import type { Field } from '../field.ts';
import { type Curve, LineBook } from './curve.ts';
import { listText, ruleList } from './rule-lists.ts';

/**
 * CPU of the agent from its start until the server knows both its sockets, with ever more rules. These lists have none
 * for the inventory, so that is off.
 *
 * @param rounds starts with each list; the least counts
 */
export async function startCurve(field: Field, counts: readonly number[], rounds: number): Promise<Curve> {
  const book = new LineBook();
  const folder = makeTemporaryFolder('bench-starts');
  try {
    for (const count of counts) {
      const file = join(folder.path, `${count}.json`);
      writeFileSync(file, listText(ruleList('wildcard', count)));
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < rounds; round += 1) {
        const runner = await field.start('agent', { ACCEPT: file, INVENTORY_ENABLED: 'false' });
        least = Math.min(least, runner.began.cpuSeconds);
        await runner.end();
      }
      book.add('agent', count, least * 1000);
    }
  } finally {
    folder.remove();
  }
  return {
    id: 'start',
    title: 'CPU of a start, until identified',
    x: 'rules',
    unit: 'ms',
    of: 'whole',
    lines: book.lines,
  };
}
