import { gateProblems } from '../agent/gate.ts';
import { openInventoryDesk } from '../agent.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../errors.ts';
import { createLog } from '../log.ts';
import { shownText } from '../shown-text.ts';
import { EXIT, ending } from './ending.ts';
import { textTable } from './text-table.ts';

export interface PreviewOptions {
  readonly limit: string;
  readonly format: 'table' | 'json';
}

/** Columns that fit a terminal; `json` has everything. */
const COLUMNS = {
  user: ['username', 'name', 'email', 'active', 'account_type', 'last_authenticated_at'],
  repository: [
    'full_name',
    'visibility',
    'archived',
    'state',
    'default_branch_name',
    'repository_freshness',
    'repository_url',
  ],
} as const;
const MOST = 100_000;

/**
 * `bitbucket-agent preview users|repositories`: the first entities exactly as they would be sent, privacy settings
 * applied, read from Bitbucket through the accept list. Sends nothing, keeps nothing, opens no tunnel. Exit code 0, 2
 * or 3.
 */
export function preview(what: 'users' | 'repositories', options: PreviewOptions): Promise<void> {
  return ending(async () => {
    const limit = /^\d{1,6}$/.test(options.limit) ? Number(options.limit) : 0;
    if (limit < 1 || limit > MOST) {
      const reason = `is not between 1 and ${MOST}`;
      throw new ConfigError([{ where: 'preview --limit', reason, example: '20' }]);
    }
    const config = loadConfig({ alsoWrong: gateProblems });
    const desk = openInventoryDesk(config, createLog('error', config.secrets, process.stderr), {
      deliver: false,
      command: 'preview',
    });
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(signal));
    const type = what === 'users' ? 'user' : 'repository';
    const found = await desk.inventory
      .preview({ type, limit, signal: stop.signal })
      .finally(() => desk.drain(stop.signal.aborted ? String(stop.signal.reason) : null));
    if (options.format === 'json') process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    else {
      const rows = found.map(({ attributes }) => attributes as Record<string, unknown>);
      const columns = COLUMNS[type].filter((name) => rows.length === 0 || rows.some((row) => name in row));
      process.stdout.write(
        `${textTable(
          columns,
          rows.map((row) => columns.map((name) => cell(row[name]))),
        )}\n`,
      );
    }
    return EXIT.ok;
  }, EXIT.failed);
}

/** A value in a table. */
const cell = (value: unknown): string =>
  value === null || value === undefined ? '-' : shownText(String(value));
