import { describe, expect, it } from '@jest/globals';
import { logCalls, tellAll } from '../../src/agent/recorder.ts';
import type { CallRecord } from '../../src/call.ts';
import type { Fields, Log } from '../../src/log.ts';

const RECORD: CallRecord = {
  requestId: 'r',
  method: 'GET',
  path: '/repos',
  query: 'token=seen-by-the-audit-only',
  allowed: true,
  ruleId: 'repositories',
  reason: 'allowed',
  status: 200,
  bytes: 5,
  ms: 1,
};

function heard() {
  const lines: [string, string, Fields | undefined][] = [];
  const at = (level: string) => (message: string, fields?: Fields) =>
    void lines.push([level, message, fields]);
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { log, lines };
}

describe('the log of calls', () => {
  it('has one line a call, without its query', () => {
    const { log, lines } = heard();
    logCalls(log)('tunnel', RECORD);
    const { query: _, ...rest } = RECORD;
    expect(lines).toEqual([['info', 'relayed', rest]]);
  });

  it('says refused, and which road it was where that is not the tunnel', () => {
    const { log, lines } = heard();
    logCalls(log)('http-relay', { ...RECORD, allowed: false });
    logCalls(log)('webhook', { ...RECORD, allowed: false });
    expect(lines).toMatchObject([
      ['info', 'refused', { road: 'http-relay' }],
      ['info', 'webhook refused', {}],
    ]);
  });

  it("has the agent's own calls at debug", () => {
    const { log, lines } = heard();
    logCalls(log)('inventory', RECORD);
    logCalls(log)('delivery', RECORD);
    expect(lines.map(([level, message]) => [level, message])).toEqual([
      ['debug', 'inventory call'],
      ['debug', 'delivery'],
    ]);
  });
});

describe('telling all', () => {
  it('tells every listener in order', () => {
    const told: string[] = [];
    tellAll([(road) => told.push(`one ${road}`), (road) => told.push(`two ${road}`)])('webhook', RECORD);
    expect(told).toEqual(['one webhook', 'two webhook']);
  });
});
