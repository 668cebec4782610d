import { afterEach, describe, expect, it } from '@jest/globals';
import type { Send } from '../../src/bitbucket/send.ts';
import { AgentError } from '../../src/errors.ts';
import { InventoryRoutes } from '../../src/http/inventory.ts';
import { openListener } from '../../src/http/listener.ts';
import type { Place } from '../../src/inventory/ledger/ledger.ts';
import { createPull } from '../../src/inventory/pull/pull.ts';
import { ask, type PublicRequest } from '../e2e/public-port.ts';
import { TOKEN, told } from '../inventory/keeper/stage.ts';
import { runOf, Shelf } from '../inventory/pull/shelf.ts';
import { atTheEnd, endAll, expectSoon } from '../kit/way-out.ts';
import { sendRaw } from './relay-desk.ts';

afterEach(endAll);

const shelf = () => {
  const made = new Shelf();
  made.kept.push(runOf(1));
  made.lists.user.push({ sourceId: 1, record: '{"name":"Zoë"}' }, { sourceId: 2, record: '{}' });
  return createPull(made.open, { entityId: (type, id) => `${type}-${id}` });
};

async function open({ pull = shelf(), takes = true }: { pull?: Send; takes?: boolean } = {}) {
  const { log, lines, fields } = told();
  const marked: Place[] = [];
  const mark = (place: Place) => {
    marked.push(place);
    return takes;
  };
  const routes = new InventoryRoutes({ token: TOKEN, pull, mark, log });
  const listener = await openListener({
    ...{ port: 0, host: '127.0.0.1', name: 'INVENTORY_PORT', tls: null, routes: [routes.router], log },
  });
  atTheEnd(() => listener.close());
  const { port } = listener;
  const asked = (path: string, how: PublicRequest = {}) =>
    ask(`http://127.0.0.1:${port}${path}`, {
      ...how,
      headers: { authorization: `Bearer ${TOKEN}`, ...how.headers },
    });
  return { port, asked, marked, routes, lines, fields };
}

/** What the tunnel would be given. */
const local = (pull: Send, path: string, method = 'GET') =>
  new Promise<{ status: number; headers: object; text: string }>((resolve, reject) => {
    const reply = { status: 0, headers: {}, text: '' };
    pull(
      { origin: 'agent:', path, method, headers: {}, body: null, login: null },
      {
        head: (status, headers) => Object.assign(reply, { status, headers }),
        data: (chunk) => {
          reply.text += chunk.toString('utf8');
          return true;
        },
        end: () => resolve(reply),
        failed: reject,
      },
    );
  });

const one = { id: 17, project_key: 'PLAT', slug: 'gateway' };
const notice = (...repositories: unknown[]) => ({
  method: 'POST' as const,
  body: JSON.stringify({ repositories }),
});

describe('the lists for other agents', () => {
  it.each([
    ['GET', '/essentials/v1/users'],
    ['GET', '/essentials/v1/users?limit=1&version=a%2Fb'],
    ['GET', '/Essentials/V1/Users/'],
    ['GET', '/essentials/v1/repositories'],
    ['GET', '/essentials/v1/runs'],
    ['GET', '/essentials/v1/users?limit=0'],
    ['GET', '/essentials/v1/groups'],
    ['GET', '/essentials/v1'],
    ['GET', '/Essentials/v1?limit=1'],
    ['GET', '/essentials/v1/%75sers'],
    ['HEAD', '/essentials/v1/users'],
  ] as const)('%s %s is what the tunnel would be given here, byte for byte', async (method, path) => {
    const pull = shelf();
    const { asked, lines } = await open({ pull });
    const here = await local(pull, path, method);
    const there = await asked(path, { method });
    expect({ status: there.status, text: there.text }).toEqual({ status: here.status, text: here.text });
    expect(there.headers).toMatchObject(here.headers);
    expect(lines).toEqual([]);
  });

  it('that cannot be read are an error with its code and nothing else', async () => {
    const pull: Send = (_request, sink) => {
      const cause = new Error('/var/lib/secret');
      setImmediate(() => sink.failed(new AgentError('STATE_UNUSABLE', 'canary', { cause })));
      return { resume() {}, cancel() {} };
    };
    const { asked, lines } = await open({ pull });
    const { status, headers, text } = await asked('/essentials/v1/users');
    expect({ status, text, type: headers['x-broker-error-type'] }).toEqual({
      ...{ status: 500, text: '{"code":"STATE_UNUSABLE"}', type: 'STATE_UNUSABLE' },
    });
    expect(lines).toEqual(['warn the inventory cannot be read']);
  });
});

describe('the inventory port', () => {
  it('has nothing else', async () => {
    const { asked, port } = await open();
    const auth = `Authorization: Bearer ${TOKEN}`;
    for (const path of [
      '/x/../essentials/v1/users',
      '/x/%2e%2e/essentials/v1/users',
      'http://x/essentials/v1/users',
    ]) {
      const head = `GET ${path} HTTP/1.1\r\nHost: x\r\n${auth}\r\nConnection: close\r\n\r\n`;
      expect({ path, status: (await sendRaw(port, head)).status }).toEqual({ path, status: 404 });
    }
    for (const [path, method] of [
      ['/', 'GET'],
      ['/essentials/v10/users', 'GET'],
      ['/essentials/v1/users', 'POST'],
      ['/essentials/v1/users', 'DELETE'],
      ['//essentials/v1/users', 'GET'],
      ['/marks', 'GET'],
      ['/marks/', 'POST'],
      ['/marks?x=1', 'POST'],
      ['/readyz', 'GET'],
    ] as const) {
      expect({ path, method, ...(await asked(path, { method })) }).toMatchObject({
        path,
        method,
        status: 404,
      });
    }
  });

  it('asks for the token before anything else, and tells of wrong ones once in a while', async () => {
    const { port, asked, marked, lines, fields } = await open();
    const wrong = { headers: { authorization: 'Bearer c4n4ry-of-somebody' } };
    for (const path of ['/essentials/v1/users', '/nothing', '/marks', '/readyz']) {
      for (const how of [wrong, { headers: { authorization: '' } }]) {
        const { status, headers, text } = await asked(path, how);
        expect({ status, text }).toEqual({ status: 401, text: '{"code":"UNAUTHORIZED"}' });
        expect(headers).toMatchObject({ 'www-authenticate': 'Bearer', connection: 'close' });
      }
    }
    expect((await asked('/marks', { ...notice(one), ...wrong })).status).toBe(401);
    expect((await ask(`http://127.0.0.1:${port}/livez`)).text).toBe('{"ok":true}');
    expect(marked).toEqual([]);
    expect(lines).toEqual(['warn wrong token at INVENTORY_PORT']);
    expect(fields).toEqual([
      { count: 1, from: '127.0.0.1', hint: expect.stringContaining('INVENTORY_TOKEN') },
    ]);
  });

  it('closes the connection of one with a wrong token whose body is on its way', async () => {
    const { port } = await open();
    const head =
      'POST /marks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\nContent-Length: 100\r\n\r\n{';
    expect((await sendRaw(port, head)).status).toBe(401);
  });

  it('serves so many at a time and no more, and goes on when one has ended', async () => {
    const waiting: (() => void)[] = [];
    const pull: Send = (_request, sink) => {
      waiting.push(() => {
        sink.head(200, { 'content-length': '0' });
        sink.end();
      });
      return { resume() {}, cancel() {} };
    };
    const { asked } = await open({ pull });
    const all = Array.from({ length: 48 }, () => asked('/essentials/v1/users'));
    await expectSoon(() => waiting.length === 48);
    const more = await asked('/essentials/v1/users');
    expect({ status: more.status, text: more.text }).toEqual({ status: 503, text: '{"code":"BUSY"}' });
    expect((await asked('/nothing', { headers: { authorization: 'x' } })).status).toBe(401);
    for (const end of waiting) end();
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([200]));
    const next = asked('/essentials/v1/users');
    await expectSoon(() => waiting.length === 49);
    waiting[48]?.();
    expect((await next).status).toBe(200);
  });

  it('drains: answers what is under way, and breaks off what does not end', async () => {
    const begun: (() => void)[] = [];
    const pull: Send = (_request, sink) => {
      sink.head(200, { 'content-length': '2' });
      begun.push(() => {
        sink.data(Buffer.from('ok'));
        sink.end();
      });
      return { resume() {}, cancel() {} };
    };
    const { asked, routes } = await open({ pull });
    const first = asked('/essentials/v1/users');
    const second = asked('/essentials/v1/users').catch(() => 'broken off');
    await expectSoon(() => begun.length === 2);
    const drained = routes.drain(100);
    expect((await asked('/essentials/v1/users')).text).toBe('{"code":"STOPPING"}');
    begun[0]?.();
    expect((await first).text).toBe('ok');
    expect(await second).toBe('broken off');
    await drained;
  });
});

describe('marks of other agents', () => {
  it('are taken', async () => {
    const { asked, marked } = await open();
    const answer = await asked('/marks', notice(one, { ...one, id: 18 }));
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    expect(marked).toEqual([17, 18].map((sourceId) => ({ sourceId, projectKey: 'PLAT', slug: 'gateway' })));
  });

  it('are refused where nothing is read', async () => {
    const { asked } = await open({ takes: false });
    const { status, headers } = await asked('/marks', notice(one));
    expect({ status, code: headers['x-broker-error-type'] }).toEqual({
      status: 503,
      code: 'MARKS_NOT_TAKEN',
    });
    expect((await asked('/marks', notice())).status).toBe(204);
  });

  it.each([
    ['no body', { body: '' }, 400, /not JSON/],
    ['another shape', { body: '{"repositories":17}' }, 400, /repositories: /],
    ['a wrong id', notice({ ...one, id: 0 }), 400, /repositories\.0\.id: is no id of Bitbucket/],
    ['too much', { body: `{"repositories":[],"x":"${'x'.repeat(512 * 1024)}"}` }, 413, /PAYLOAD_TOO_LARGE/],
    ['a compressed body', { body: 'x', headers: { 'content-encoding': 'gzip' } }, 415, /UNSUPPORTED/],
  ])('are not %s', async (_what, how, status, text) => {
    const { asked, marked } = await open();
    const answer = await asked('/marks', { ...how, method: 'POST' });
    expect({ status: answer.status, text: answer.text }).toEqual({
      status,
      text: expect.stringMatching(text),
    });
    expect(marked).toEqual([]);
  });

  it('are not a body that grows too large without saying so', async () => {
    const { port, marked } = await open();
    const piece = `${(64 * 1024).toString(16)}\r\n${' '.repeat(64 * 1024)}\r\n`;
    const head = `POST /marks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect((await sendRaw(port, head + piece.repeat(9))).status).toBe(413);
    expect(marked).toEqual([]);
  });
});
