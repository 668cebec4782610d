import { Secret } from '../../../src/config/secret.ts';
import type { Fields, Log } from '../../../src/log.ts';

export const TOKEN = 'the-token-between-two-agents';

/** What stands for the agent that keeps the inventory. */
export const keeperAt = (url: string) => ({ url, token: new Secret(TOKEN) });

/** A log, and its lines as `level message reason`. */
export function told(): { readonly log: Log; readonly lines: string[]; readonly fields: Fields[] } {
  const lines: string[] = [];
  const fields: Fields[] = [];
  const at =
    (level: string) =>
    (message: string, more: Fields = {}) => {
      if (level === 'debug') return;
      lines.push([level, message, more.reason].filter((part) => part !== undefined).join(' '));
      fields.push(more);
    };
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    lines,
    fields,
  };
}
