/**
 * What the audit trail costs a call: CPU of this process, the best of seven runs, with one record a turn of the event
 * loop (one write each, the most it can cost) and with many.
 * `node bench/audit.ts [records]`; prints microseconds a record and the share of one core at 2,000 calls a second, and
 * of the agent's own work, which is 160 µs a call.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { makeTemporaryFolder } from '../sandbox/temporary-folder.ts';
import { openTrail } from '../src/audit/file-trail.ts';
import { silentLog } from '../src/log.ts';

const RECORDS = Number(process.argv[2] ?? 20_000);
const RUNS = 7;
const CALLS_A_SECOND = 2_000;
const AGENT_US = 160;
const secrets = Array.from({ length: 6 }, () => {
  const value = randomUUID();
  return { reveal: () => value };
});

const record = {
  requestId: randomUUID(),
  method: 'GET',
  path: '/projects/PAY/repos/gateway/browse/services/web/package.json',
  allowed: true,
  ruleId: 'repository-file',
  reason: 'allowed',
  status: 200,
  bytes: 18_211,
  ms: 12.34,
};

/** CPU microseconds a record; an empty loop with the same turns is taken off. */
async function measure(perTurn: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run += 1) {
    const place = makeTemporaryFolder('bench');
    const trail = openTrail(
      { folder: place.path, stdout: false, onError: 'warn', retentionDays: 90, maxBytes: 2 ** 30 },
      {
        rulesHash: `sha256:${'a'.repeat(64)}`,
        secrets: () => secrets,
        log: silentLog,
        output: process.stdout,
      },
    );
    const empty = await spent(perTurn, () => {});
    const full = await spent(perTurn, () => trail.call('tunnel', record));
    await trail.close();
    place.remove();
    best = Math.min(best, (full - empty) / RECORDS);
  }
  return best;
}

async function spent(perTurn: number, work: () => void): Promise<number> {
  const before = process.cpuUsage();
  for (let count = 0; count < RECORDS; count += 1) {
    work();
    if (count % perTurn === 0) await turn();
  }
  await turn();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

console.log(`${RECORDS} records a run, best of ${RUNS}, Node ${process.version}`);
const rows = [];
for (const perTurn of [1, 4, 32]) {
  const microseconds = await measure(perTurn);
  rows.push({
    'records a turn': perTurn,
    'µs a record': Number(microseconds.toFixed(2)),
    [`% of a core at ${CALLS_A_SECOND}/s`]: Number(((microseconds * CALLS_A_SECOND) / 10_000).toFixed(2)),
    "% of the agent's work": Number(((microseconds / AGENT_US) * 100).toFixed(2)),
  });
}
console.table(rows);
