import type { CallListener, CallRecord, Road } from '../call.ts';
import type { Log } from '../log.ts';

const MESSAGES: Readonly<Record<Road, { readonly allowed: string; readonly refused: string }>> = {
  tunnel: { allowed: 'relayed', refused: 'refused' },
  'http-relay': { allowed: 'relayed', refused: 'refused' },
  inventory: { allowed: 'inventory call', refused: 'inventory call' },
  webhook: { allowed: 'webhook relayed', refused: 'webhook refused' },
  delivery: { allowed: 'delivery', refused: 'delivery' },
};
/** The agent's own calls come by the thousand; its runs have lines of their own. */
const AT_DEBUG: ReadonlySet<Road> = new Set(['inventory', 'delivery']);

/** Tells each call to every listener, in order. */
export const tellAll =
  (listeners: readonly CallListener[]): CallListener =>
  (road, record) => {
    for (const listener of listeners) listener(road, record);
  };

/** One line a call. The query is for the audit only. */
export function logCalls(log: Log): CallListener {
  return (road, { query: _, ...record }: CallRecord) => {
    const { allowed, refused } = MESSAGES[road];
    const fields = road === 'http-relay' ? { road, ...record } : record;
    log[AT_DEBUG.has(road) ? 'debug' : 'info'](record.allowed ? allowed : refused, fields);
  };
}
