import { startAgent } from '../agent-process.ts';
import type { Stage } from '../stage.ts';

/** What `audit verify` says of the demo's own trail. */
export interface AuditOutcome {
  readonly line: string;
  /** Empty when the trail is proven. */
  readonly surprise: string;
}

/** Has the agent's own command prove the trail of all that has happened so far. */
export async function proveAudit({ agentEnv }: Stage): Promise<AuditOutcome> {
  const folder = agentEnv.STATE_DIR ?? '';
  const args = ['audit', 'verify', '--state-dir', folder];
  const command = await startAgent({ env: {}, cwd: folder, args });
  const { code } = await command.exited;
  const said = command.output();
  const [, records = '0'] = /^ {2}records +(\d+)/m.exec(said) ?? [];
  return {
    line: `Audit: ${records} records, each with the hash of the one before; ${code === 0 ? 'the chain is proven' : 'NOT proven'}.`,
    surprise: code === 0 && Number(records) > 0 ? '' : said.trim(),
  };
}
