import type { LogLine } from '../agent-process.ts';
import { createEssentialsReceiver } from '../essentials-receiver.ts';
import type { Stage } from '../stage.ts';

const PATIENCE_MS = 15_000;
const PATH = '/essentials/v1/batches';

/** What Snyk's side holds after the agent's first run, against what Bitbucket shows to the agent's user. */
export interface InventoryOutcome {
  readonly line: string;
  /** In what it differs from what was expected; empty when in nothing. */
  readonly surprise: string;
}

/** Has the receiver take batches as Snyk's side would, and everything else as before. @returns waits for the first runs */
export function watchInventory({ receiver, bitbucket }: Pick<Stage, 'receiver' | 'bitbucket'>) {
  const model = createEssentialsReceiver();
  receiver.respond((request) => (request.url === PATH ? model.respond(request) : {}));
  return async ({ agent }: Stage): Promise<InventoryOutcome> => {
    const run = await agent.waitForLog(isLast, PATIENCE_MS);
    const runs = agent.log.filter(isEnd);
    const requests = runs.reduce((sum, one) => sum + Number(one.requests ?? 0), 0);
    const { users, repositories } = shown(bitbucket.world);
    const held = `${model.users.size} users and ${model.repositories.size} repositories`;
    const surprises = [
      ...(run.message === 'inventory run complete' ? [] : [`${run.message}: ${run.reason}`]),
      ...(model.users.size === users ? [] : [`Bitbucket has ${users} users`]),
      ...(model.repositories.size === repositories ? [] : [`Bitbucket has ${repositories} repositories`]),
      ...model.problems,
    ];
    return {
      line: `Inventory: Snyk's side holds ${held}, in ${model.batches.length} batches; ${runs.length} runs, ${requests} calls to Bitbucket.`,
      surprise: surprises.join('; '),
    };
  };
}

const isEnd = ({ message }: LogLine) => /^inventory run (?!starts)/.test(`${message}`);

/** The enrichment comes behind the first run; what failed is not waited for. */
const isLast = (line: LogLine) =>
  isEnd(line) && (line.message !== 'inventory run complete' || `${line.parts}`.includes('enrichment'));

/** How much the agent's user, who is no administrator, is shown. */
function shown({ users, repositories }: Stage['bitbucket']['world']) {
  const count = (rows: { readonly length: number; at(row: number): { readonly hidden: boolean } }) =>
    Array.from({ length: rows.length }, (_, row) => rows.at(row)).filter(({ hidden }) => !hidden).length;
  return { users: count(users), repositories: count(repositories) };
}
