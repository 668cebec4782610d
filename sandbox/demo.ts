import { setTimeout as pause } from 'node:timers/promises';
import { type AuditOutcome, proveAudit } from './demo/audit.ts';
import { type InventoryOutcome, watchInventory } from './demo/inventory.ts';
import { runCalls } from './demo/run.ts';
import { type Row, renderTable } from './demo/table.ts';
import { type Stage, startStage } from './stage.ts';

/**
 * `npm run demo`: the agent between a Bitbucket simulator and the real Snyk Broker server: its inventory of users and
 * repositories, calls that its accept list allows and calls that it does not, and the proof of its audit trail. Stays up until Ctrl-C; with `--once` it ends by itself.
 * Exit code 0: everything came out as expected; 1: something did not, or a part did not start.
 */

const ORPHAN_CHECK_MS = 1_000;
/** A little more than the agent gives itself to answer what is still open. */
const DRAIN_MS = 15_000;

const once = process.argv.includes('--once');
const colours = process.stdout.isTTY === true && !process.env.NO_COLOR;

const write = (text: string) => process.stdout.write(`${text}\n`);

/** What a signal does: first nothing can be saved, later everything is ended in order. */
let leave = (code: number): unknown => process.exit(code);

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => leave(code));
}
process.stdout.on('error', () => process.exit(1));

/** npm passes a signal on to its shell only; when that is gone, so is who asked for this demo. */
const parent = process.ppid;
setInterval(() => process.ppid === parent || leave(1), ORPHAN_CHECK_MS).unref();

try {
  process.exitCode = await demo();
} catch (error) {
  write(`The demo did not start: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function demo(): Promise<number> {
  const begun = performance.now();
  write('Starting a Bitbucket simulator, the real Snyk Broker server and the agent.');
  const stage = await startStage({ withAgent: false, agentEnv: { INVENTORY_ENABLED: 'true' } });
  try {
    const firstRuns = watchInventory(stage);
    await stage.startAgent();
    write(`Ready in ${((performance.now() - begun) / 1000).toFixed(1)} s.\n`);
    const inventory = await firstRuns(stage);
    const rows = await runCalls(stage);
    write(`${renderTable(rows, colours)}\n`);
    const code = report(rows, inventory, await proveAudit(stage));
    if (!once) await stayUp(stage);
    return code;
  } finally {
    await Promise.race([endAgent(stage), pause(DRAIN_MS, undefined, { ref: false })]);
    await stage.close();
  }
}

/** Lets the agent say goodbye, if it was ever there. */
async function endAgent(stage: Stage): Promise<void> {
  try {
    await stage.agent.terminate();
  } catch {
    // It did not start; why stands on the screen.
  }
}

/** The lines below the table; they name what came out otherwise than expected. */
function report(rows: readonly Row[], inventory: InventoryOutcome, audit: AuditOutcome): number {
  const count = (verdict: Row['verdict']) => rows.filter((row) => row.verdict === verdict).length;
  const odd = rows.filter(({ surprise }) => surprise !== '');
  const outcome =
    odd.length === 0 ? 'all as expected, no blocked one reached Bitbucket' : `${odd.length} NOT as expected`;
  write(`${rows.length} calls: ${count('allowed')} allowed, ${count('blocked')} blocked; ${outcome}.`);
  for (const { call, surprise } of odd) write(`  ! ${call}: ${surprise}`);
  for (const { line, surprise } of [inventory, audit]) {
    write(line);
    if (surprise !== '') write(`  ! ${surprise}`);
  }
  return odd.length + inventory.surprise.length + audit.surprise.length === 0 ? 0 : 1;
}

async function stayUp({ broker, token, agentUrl, agentEnv, bitbucket }: Stage): Promise<void> {
  write(`
Up until Ctrl-C. Try:
  an allowed call       curl -i '${broker.callUrl(token, '/projects?limit=2')}'
  a blocked call        curl -i --path-as-is '${broker.callUrl(token, '/projects/%2e%2e/admin/users')}'
  the inventory         curl '${broker.callUrl(token, '/essentials/v1/repositories?limit=2')}'
  the status page       http://127.0.0.1:${agentEnv.ADMIN_PORT}/
  the agent's health    ${agentUrl}/healthcheck
  what the server sees  ${broker.url}/connection-status/${token}
  Bitbucket itself      curl -i -u agent:agent-password '${bitbucket.url}/rest/api/1.0/projects?limit=2'`);
  // Without a timer of its own a process that only waits for a signal would end.
  const awake = setInterval(() => {}, 2 ** 30);
  await new Promise<void>((resolve) => {
    leave = () => {
      leave = (code) => process.exit(code);
      write('\nEnding. Ctrl-C again ends at once.');
      resolve();
    };
  });
  clearInterval(awake);
}
