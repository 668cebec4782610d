import { describe, expect, it } from '@jest/globals';
import type { Outgoing } from '../../src/bitbucket/send.ts';
import type { Answer, AnswerHead, Call, CallRecord } from '../../src/call.ts';
import { Relay, type RelayOptions } from '../../src/relay/relay.ts';
import { loadRules } from '../../src/rules/compile.ts';

const RULES = {
  private: [
    { id: 'plain', path: '/plain', origin: 'https://${BITBUCKET_API}' },
    { id: 'post', method: 'POST', path: '/plain', origin: 'https://${BITBUCKET_API}' },
    {
      id: 'checked',
      path: '/checked',
      origin: 'https://${BITBUCKET_API}',
      valid: [{ header: 'accept', values: ['application/json'] }],
    },
  ],
};

/** What one call would send to Bitbucket, what its caller is told, and what is recorded. */
function relayed(call: Partial<Call>, options: Partial<RelayOptions> = {}) {
  const { rules } = loadRules(JSON.stringify(RULES), 'accept.json', {
    variable: (name) => ({ BITBUCKET_API: 'bitbucket.example/rest/api/1.0' })[name],
    bitbucket: { scheme: 'https', host: 'bitbucket.example' },
    allowWrites: true,
  });
  if (rules === null) throw new Error('the list of this test is broken');
  const sent: Outgoing[] = [];
  const records: CallRecord[] = [];
  const failures: (AnswerHead & { body: string })[] = [];
  const relay = new Relay({
    rules,
    send: (request) => {
      sent.push(request);
      return { resume() {}, cancel() {} };
    },
    loginOf: () => null,
    substitution: null,
    record: (record) => records.push(record),
    ...options,
  });
  let closed = (_outcome: { status: number; bytes: number; code?: string }) => {};
  const answer: Answer = {
    wants: 'bytes',
    begin() {},
    write: () => true,
    end() {},
    fail: (head, body, code) => {
      failures.push({ ...head, body });
      closed({ status: head.status, bytes: 0, code });
    },
    listen: (listeners) => {
      closed = listeners.closed;
    },
  };
  relay.serve({ requestId: 'r', method: 'GET', url: '/plain', headers: {}, body: null, ...call }, answer);
  return { sent, records, failures };
}

describe('the relay', () => {
  it('sends what was matched, byte for byte, below the base of the rule', () => {
    const { sent } = relayed({ url: '/plain?x=..//%2e' });
    expect(sent).toMatchObject([
      { origin: 'https://bitbucket.example', path: '/rest/api/1.0/plain?x=..//%2e', method: 'GET' },
    ]);
  });

  it('sends a body with POST, and none with GET', () => {
    const body = Buffer.from('DELETE / HTTP/1.1');
    expect(relayed({ method: 'POST', body }).sent[0]?.body).toBe(body);
    expect(relayed({ method: 'GET', body }).sent[0]?.body).toBeNull();
  });

  it('sends a header that was checked, whatever the Connection header says (CVE-2020-7651)', () => {
    const headers = { accept: 'application/json', connection: 'accept' };
    expect(relayed({ url: '/checked', headers }).sent[0]?.headers).toEqual({ accept: 'application/json' });
  });

  it('refuses with the reason, and records what almost fitted without the values asked for', () => {
    const { sent, failures, records } = relayed({
      url: '/checked?token=x',
      headers: { accept: 'text/html' },
    });
    expect(sent).toEqual([]);
    expect(failures[0]).toMatchObject({ status: 401, errorType: 'FILTER_BLOCKED' });
    expect(records[0]).toMatchObject({
      path: '/checked',
      allowed: false,
      ruleId: null,
      reason: 'valid-header',
      status: 401,
    });
    expect(records[0]?.nearMisses).toEqual([
      'checked: header "accept" has none of the 1 values it must have',
    ]);
  });

  it.each(['PAUSED', 'AUDIT_UNAVAILABLE'] as const)('asks no rule while it is closed: %s', (code) => {
    const { sent, failures, records } = relayed({ url: '/plain?x=1' }, { closed: () => code });
    expect(sent).toEqual([]);
    expect(failures[0]).toMatchObject({ status: 503, errorType: code });
    expect(JSON.parse(failures[0]?.body ?? '')).toMatchObject({ code, url: '/plain?x=1' });
    expect(records).toMatchObject([
      { path: '/plain', allowed: false, ruleId: null, reason: code, status: 503, code },
    ]);
  });

  it('keeps the query in its records only where it is asked to, cut', () => {
    const url = `/unknown?q=${'x'.repeat(3_000)}`;
    expect(relayed({ url }).records[0]).not.toHaveProperty('query');
    expect(relayed({ url }, { keepQuery: true }).records[0]?.query).toBe(`q=${'x'.repeat(1_998)}`);
    expect(relayed({ url: '/unknown' }, { keepQuery: true }).records[0]).not.toHaveProperty('query');
  });
});
