/**
 * Where the CPU of a relayed call goes: `npm run bench:profile` writes `bench/PROFILE.md`. The agent runs under V8's own
 * profiler, which takes a fifth more itself, and the samples taken under load are counted by the part they were taken in.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../sandbox/deadline.ts';
import { makeTemporaryFolder } from '../sandbox/temporary-folder.ts';
import { openField } from './field.ts';
import { circumstances } from './machine.ts';
import { LARGE_PAGE, SMALL_PAGE } from './places.ts';
import { type CpuProfile, type Part, partsOf } from './profile/parts.ts';
import { warmUp } from './warm-up.ts';

const CALLS = 6_000;
const AT_ONCE = 8;
const KINDS = [
  { title: 'Over the socket, 3 KB', path: SMALL_PAGE, over: 'socket' },
  { title: 'Streamed, 3 KB', path: SMALL_PAGE, over: 'stream' },
  { title: 'Streamed, 50 KB', path: LARGE_PAGE, over: 'stream' },
] as const;

const now = (): number => Number(process.hrtime.bigint() / 1000n);

async function profiled(kind: (typeof KINDS)[number]): Promise<Part[]> {
  const folder = makeTemporaryFolder('profile');
  const field = await openField();
  try {
    const options = `--cpu-prof --cpu-prof-interval=250 --cpu-prof-dir=${folder.path}`;
    const runner = await field.start('agent', { NODE_OPTIONS: options });
    await warmUp(field, runner, false);
    const from = now();
    await field.load(runner, { ...kind, atOnce: AT_ONCE, calls: CALLS });
    const to = now();
    process.kill(runner.pid, 'SIGTERM');
    const written = () => readdirSync(folder.path).find((name) => name.endsWith('.cpuprofile'));
    const file = join(
      folder.path,
      await until(written, { timeoutMs: 30_000, what: 'the profile is written' }),
    );
    const whole = () => {
      try {
        return JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
      } catch {
        return undefined;
      }
    };
    const profile = await until(whole, { timeoutMs: 30_000, what: 'the profile is whole' });
    return partsOf(profile, { from, to }).map((part) => ({ ...part, micros: part.micros / CALLS }));
  } finally {
    await field.close();
    folder.remove();
  }
}

const tables: string[] = [];
for (const kind of KINDS) {
  const parts = await profiled(kind);
  const total = parts.reduce((sum, { micros }) => sum + micros, 0);
  const rows = parts
    .filter(({ micros }) => micros >= total / 200)
    .map(
      ({ name, micros, most }) =>
        `| ${name} | ${micros.toFixed(1)} | ${((micros / total) * 100).toFixed(0)} % | ${most.join(', ')} |`,
    );
  console.error(`${kind.title}: ${total.toFixed(0)} µs a call`);
  tables.push(
    `## ${kind.title}\n\n${total.toFixed(0)} µs of the main thread a call.\n\n| part | µs a call | share | most of it |\n|---|--:|--:|---|\n${rows.join('\n')}`,
  );
}

const facts = circumstances(new Date()).map(([what, value]) => `| ${what} | ${value} |`);
const text = `# Where a call's CPU goes

Written by \`npm run bench:profile\`: ${CALLS.toLocaleString('en')} calls of each kind, ${AT_ONCE} under way at any time, after a warm-up, with all features
on, under V8's own profiler (\`--cpu-prof\`), which takes time itself: shares are what this page is for, \`RESULTS.md\` has
what a call costs. Only the main thread is seen; V8's helpers collect garbage and compile beside it.

| what | with |
|---|---|
${facts.join('\n')}

${tables.join('\n\n')}
`;
writeFileSync(new URL('PROFILE.md', import.meta.url), text);
