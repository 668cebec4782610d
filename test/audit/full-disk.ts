/**
 * Fills a small disk with a trail, makes room again and proves the chain; says on stdout what it saw. The disk is a
 * tmpfs of this process's own at the folder in its argument.
 */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../sandbox/deadline.ts';
import { verify } from '../../src/audit/verify.ts';
import { CALL, open } from './stage.ts';

const disk = process.argv[2] ?? '';
const filler = join(disk, 'filler');
writeFileSync(filler, Buffer.alloc(128 * 1024));
const { trail, lines, settle } = open(disk, { mostWaiting: 64 * 1024 });
let calls = 0;
for (; trail.state().failing === null; calls += 1) {
  trail.call('tunnel', { ...CALL, path: `/${'x'.repeat(calls % 450)}` });
  await settle();
}
const { failing } = trail.state();
const { bavail } = statfsSync(disk);
for (let more = 0; more < 500; more += 1, calls += 1) trail.call('tunnel', CALL);
const { lost } = trail.state();
rmSync(filler);
await until(() => (trail.state().failing === null ? true : undefined), {
  timeoutMs: 10_000,
  what: 'it works again',
});
trail.call('tunnel', CALL);
await trail.close();
const [proof] = await verify(disk);
const messages = [...new Set(lines.map(({ message }) => message))];
process.stdout.write(`${JSON.stringify({ failing, bavail, calls: calls + 1, lost, messages, proof })}\n`);
