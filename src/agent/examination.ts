import type { CallRecord } from '../call.ts';
import type { Config } from '../config/config.ts';
import type { LintReport } from '../doctor/checks/settings.ts';
import type { Finding } from '../doctor/finding.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Log } from '../log.ts';
import { levelCounts } from '../rules/lint/finding.ts';
import { assemble, DRAIN_MS, dismantle, type Parts } from './assembly.ts';
import type { Gate } from './gate.ts';

/** The agent as the doctor looks at it. */
export interface Examination {
  readonly gate: Gate;
  readonly inventory: Inventory;
  /** @param identify opens a tunnel for a moment, and answers the calls that come through it as `run` does */
  examine(options: { identify: boolean; stop: AbortSignal }): Promise<readonly Finding[]>;
  /** Leaves the tunnel, if there was one, and closes everything. @param signal `null`: the work is done */
  drain(signal: string | null): Promise<void>;
}

/** The parts for the doctor; no port opens. @throws ConfigError when the accept list cannot be used */
export function openExamination(config: Config, log: Log): Examination {
  const parts = assemble(config, log, { command: 'doctor', output: process.stderr });
  const { gate, network, inventory, tunnel } = parts;
  let left: Promise<void> | null = null;
  const leave = (signal: string) => {
    left ??= tunnel.drain(signal, DRAIN_MS);
    return left;
  };
  return {
    gate,
    inventory,
    examine: async ({ identify, stop }) => {
      const { examine } = await import('../doctor/examine.ts');
      const own = identify ? { tunnel, leave: () => leave('SIGTERM') } : null;
      const lint = () => lintReport(gate);
      return examine({ config, network, identify: own, lint, ...bitbucketOf(config, parts) }, stop);
    },
    drain: async (signal) => {
      await leave(signal ?? 'SIGTERM');
      await dismantle(parts, signal);
    },
  };
}

/** Bitbucket as the doctor and the system check ask it. */
export const bitbucketOf = (
  { bitbucket: { baseUrl, scheme, api }, audit }: Config,
  { gate: { rules, credentialsOf }, send, record }: Pick<Parts, 'gate' | 'send' | 'record'>,
) => ({
  ...{ rules, credentialsOf, send },
  bitbucket: { baseUrl, apiUrl: `${scheme}://${api}` },
  keepQuery: audit.query,
  record: (call: CallRecord) => record('inventory', call),
});

function lintReport(gate: Gate): LintReport {
  const findings = gate.findings();
  const { error: errors, warn: warnings } = levelCounts(findings);
  const first = errors + warnings === 0 ? undefined : findings[0];
  return { errors, warnings, first: first === undefined ? null : `${first.where}: ${first.text}` };
}
