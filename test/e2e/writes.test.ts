import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { type AcceptFile, acceptFile } from './accept-file.ts';

const API = '/rest/api/1.0';

const WRITE_RULES = [
  { id: 'hook', method: 'POST', path: '/projects/:key/repos/:slug/webhooks' },
  { id: 'put', method: 'PUT', path: '/projects/:key/repos/:slug' },
  { id: 'kind', method: 'POST', path: '/kinds', valid: [{ path: 'kind', value: 'ok' }] },
  { id: 'any', method: 'any', path: '/any' },
  { id: 'head', method: 'HEAD', path: '/users' },
].map((rule) => ({ ...rule, origin: 'https://${BITBUCKET_API}', auth: { scheme: 'bitbucket' } }));

const ADMIN = { BITBUCKET_USERNAME: 'admin', BITBUCKET_PASSWORD: 'admin-password' };

describe('an accept list with rules that write', () => {
  let list: AcceptFile;
  beforeAll(() => {
    list = acceptFile({ private: WRITE_RULES, public: [] });
  });
  afterAll(() => list.remove());

  describe('with ALLOW_WRITES=true', () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await startStage({ agentEnv: { ...ADMIN, ACCEPT: list.path, ALLOW_WRITES: 'true' } });
    });
    afterAll(() => stage?.close());

    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const bodies: [string, string, Buffer][] = [
      ['JSON with odd spaces', 'application/json', Buffer.from('{ "a" : 1.0,\r\n "b":"\\u00fc ü" }\n')],
      ['every byte there is', 'application/octet-stream', everyByte],
      ['JSON by its type, not by its bytes', 'application/json', Buffer.from('{"a":"\xff', 'latin1')],
      ['a form', 'application/x-www-form-urlencoded', Buffer.from('a=1&b=%20+&a=2')],
      ['1 MiB of chance', 'application/octet-stream', randomBytes(1024 * 1024)],
      ['nothing', 'text/plain', Buffer.alloc(0)],
    ];

    describe.each(['socket', 'stream'] as const)('over the %s path', (over) => {
      it.each(bodies)('a POST brings %s byte for byte', async (_what, type, body) => {
        await stage.call('/any', { over, method: 'POST', body, headers: { 'content-type': type } });
        const seen = stage.bitbucket.requests.at(-1);
        expect(seen).toMatchObject({ method: 'POST', url: `${API}/any` });
        expect(seen?.body.equals(body)).toBe(true);
        expect(seen?.headers['content-type']).toBe(type);
        expect(seen?.headers['content-length']).toBe(String(body.length));
      });

      it("passes on what Bitbucket answers to a POST, and is answered by the agent's own login", async () => {
        const hook = { name: `over the ${over}`, url: 'https://agent.example.com/webhook', events: [] };
        const answer = await stage.call('/projects/PLAT/repos/gateway/webhooks', {
          over,
          method: 'POST',
          body: JSON.stringify(hook),
          headers: { 'content-type': 'application/json' },
        });
        expect(answer.status).toBe(201);
        expect(JSON.parse(answer.body.toString())).toMatchObject(hook);
      });

      it('sends a POST once, even when its connection breaks', async () => {
        const fault = stage.bitbucket.faults.add({ kind: 'refuse', match: `${API}/any` });
        const answer = await stage.call('/any', { over, method: 'POST', body: 'once' });
        fault.remove();
        expect(answer.status).toBe(502);
        expect(fault.hits).toBe(1);
      });

      it.each(['PUT', 'PATCH', 'DELETE'] as const)('relays %s for a rule with any method', async (method) => {
        await stage.call('/any', { over, method, body: 'x' });
        expect(stage.bitbucket.requests.at(-1)).toMatchObject({
          method,
          url: `${API}/any`,
          body: Buffer.from('x'),
        });
      });

      it('relays HEAD where a rule names it', async () => {
        const answer = await stage.call('/users', { over, method: 'HEAD' });
        expect(answer.status).toBe(200);
        expect(answer.headers['x-ausername']).toBe('admin');
        expect(stage.bitbucket.requests.at(-1)).toMatchObject({ method: 'HEAD', url: `${API}/users` });
      });

      it.each([
        '{"kind":"ok"}',
        '{"kind" : "ok", "more": [1]}',
        ' {"more":{"kind":"no"},"kind":"ok"}',
      ])('lets a body through whose value is the one of the rule: %s', async (body) => {
        await stage.call('/kinds', { over, method: 'POST', body });
        expect(stage.bitbucket.requests.at(-1)).toMatchObject({ url: `${API}/kinds` });
        expect(stage.bitbucket.requests.at(-1)?.body.toString()).toBe(body);
      });

      it.each([
        '{"kind":"no"}',
        '{"kind":"OK"}',
        '{"kind":["ok"]}',
        '{"kind":{"value":"ok"}}',
        '{"kind":true}',
        '{"other":"ok"}',
        '[{"kind":"ok"}]',
        '{}',
        'kind=ok',
        '',
      ])('refuses a body with any other value: %s', async (body) => {
        const before = stage.bitbucket.requests.map(({ url }) => url);
        const answer = await stage.call('/kinds', { over, method: 'POST', body });
        expect(answer.status).toBe(401);
        expect(JSON.parse(answer.body.toString())).toMatchObject({
          code: 'FILTER_BLOCKED',
          reason: 'valid-body',
        });
        expect(stage.bitbucket.requests.map(({ url }) => url)).toEqual(before);
      });
    });
  });

  describe('without it', () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await startStage({ agentEnv: { ...ADMIN, ACCEPT: list.path } });
    });
    afterAll(() => stage?.close());

    it('says once which rules are off', async () => {
      const line = await stage.agent.waitForLog(({ message }) => message === 'write rules are off', 5000);
      expect(line.rules).toEqual(['hook', 'put', 'kind', 'any']);
    });

    it.each([
      ['POST', '/projects/PLAT/repos/gateway/webhooks', '{}'],
      ['PUT', '/projects/PLAT/repos/gateway', '{}'],
      ['POST', '/kinds', '{"kind":"ok"}'],
      ['DELETE', '/any', ''],
    ] as const)('refuses %s %s as write-off', async (method, path, body) => {
      for (const over of ['socket', 'stream'] as const) {
        const before = stage.bitbucket.requests.map(({ url }) => url);
        const answer = await stage.call(path, { over, method, body });
        expect(answer.status).toBe(401);
        expect(JSON.parse(answer.body.toString())).toMatchObject({ reason: 'write-off' });
        expect(stage.bitbucket.requests.map(({ url }) => url)).toEqual(before);
      }
    });

    it('still reads by the rule that has any method', async () => {
      const answer = await stage.call('/any');
      expect(answer.status).toBe(404);
      expect(stage.bitbucket.requests.at(-1)).toMatchObject({ method: 'GET', url: `${API}/any` });
    });
  });
});
