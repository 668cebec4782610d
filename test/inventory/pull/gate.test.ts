import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Outgoing, Send } from '../../../src/bitbucket/send.ts';
import type { AnswerHead, AnswerOutcome, CallRecord } from '../../../src/call.ts';
import { withLocalOrigin } from '../../../src/inventory/pull/local-origin.ts';
import { createPull } from '../../../src/inventory/pull/pull.ts';
import { Relay } from '../../../src/relay/relay.ts';
import { AGENT_ORIGIN } from '../../../src/rules/agent-origin.ts';
import { loadRules } from '../../../src/rules/compile.ts';
import { runOf, Shelf } from './shelf.ts';

const SHIPPED = readFileSync(
  new URL('../../../config/accept/bitbucket-server.json', import.meta.url),
  'utf8',
);

interface Rule {
  readonly origin: string;
}

/** One call through the relay; `went` is what left for Bitbucket. */
async function call(list: string, url: string, method = 'GET') {
  const shelf = new Shelf();
  shelf.kept.push(runOf(1));
  shelf.lists.user.push({ sourceId: 1, record: '{"name":"Zoë"}' }, { sourceId: 2, record: '{}' });
  const { rules } = loadRules(list, 'accept.json', {
    variable: (name) => ({ BITBUCKET_API: 'bitbucket.test/rest/api/1.0' })[name],
    bitbucket: { scheme: 'https', host: 'bitbucket.test' },
    allowWrites: false,
  });
  if (rules === null) throw new Error('the list of this test is broken');
  const went: Outgoing[] = [];
  const out: Send = (request) => {
    went.push(request);
    return { resume() {}, cancel() {} };
  };
  const records: CallRecord[] = [];
  const relay = new Relay({
    rules,
    send: withLocalOrigin(
      out,
      AGENT_ORIGIN,
      createPull(shelf.open, { entityId: (type, id) => `${type}-${id}` }),
    ),
    loginOf: () => null,
    substitution: null,
    record: (record) => records.push(record),
  });
  const answered = await answerOf(relay, { url, method });
  return { ...answered, went, record: records[0] };
}

const answerOf = (relay: Relay, { url, method }: { url: string; method: string }) =>
  new Promise<{ head: AnswerHead; body: string }>((resolve) => {
    let closed = (_outcome: AnswerOutcome) => {};
    let head: AnswerHead = { status: 0, headers: {} };
    let body = '';
    let bytes = 0;
    const close = (code?: string) => {
      closed({ status: head.status, bytes, ...(code === undefined ? {} : { code }) });
      resolve({ head, body });
    };
    relay.serve(
      { requestId: 'r', method, url, headers: {}, body: null },
      {
        wants: 'bytes',
        begin: (begun) => {
          head = begun;
        },
        write: (chunk) => {
          body += chunk.toString('utf8');
          bytes += chunk.length;
          return true;
        },
        end: () => close(),
        fail: (failed, text, code) => {
          [head, body] = [failed, text];
          close(code);
        },
        listen: (listeners) => {
          closed = listeners.closed;
        },
      },
    );
  });

describe('the inventory behind the accept list', () => {
  it('is served to calls that the shipped list allows, and recorded like any call', async () => {
    const { head, body, went, record } = await call(SHIPPED, '/essentials/v1/users?limit=1');
    expect(head).toMatchObject({ status: 200, headers: { 'snyk-request-id': 'r' } });
    expect(JSON.parse(body)).toMatchObject({
      data: [{ type: 'user', id: 'user-1', attributes: { name: 'Zoë' } }],
      links: { next: expect.stringMatching(/^\/essentials\/v1\/users\?limit=1&starting_after=[\w-]+$/) },
    });
    expect(went).toEqual([]);
    expect(record).toMatchObject({
      path: '/essentials/v1/users',
      allowed: true,
      ruleId: 'essentials-users',
      status: 200,
      bytes: Buffer.byteLength(body),
    });
  });

  it('is behind links.next that the accept list allows again, to the end', async () => {
    const first = await call(SHIPPED, '/essentials/v1/users?limit=1&version=a%2Fb');
    const { links } = JSON.parse(first.body) as { links: { next: string } };
    const second = await call(SHIPPED, links.next);
    expect(JSON.parse(second.body)).toMatchObject({ data: [{ id: 'user-2' }], links: { self: links.next } });
    expect((JSON.parse(second.body) as { links: object }).links).not.toHaveProperty('next');
  });

  it('is closed when its rules are taken out', async () => {
    const list = JSON.parse(SHIPPED) as { private: Rule[] };
    const without = JSON.stringify({
      ...list,
      private: list.private.filter(({ origin }) => origin !== 'agent:'),
    });
    const { head, went, record } = await call(without, '/essentials/v1/users');
    expect(head.status).toBe(401);
    expect(went).toEqual([]);
    expect(record).toMatchObject({ allowed: false, reason: 'no-rule' });
  });

  it('is only read', async () => {
    const { head, record } = await call(SHIPPED, '/essentials/v1/users', 'DELETE');
    expect(head.status).toBe(401);
    expect(record).toMatchObject({ allowed: false, reason: 'method' });
  });
});
