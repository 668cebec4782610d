import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Send } from '../../../src/bitbucket/send.ts';
import { type AgentError, failureCode } from '../../../src/errors.ts';
import { forwardPull } from '../../../src/inventory/keeper/forward.ts';
import { MOST_REQUESTS } from '../../../src/inventory/keeper/keeper.ts';
import { AGENT_ORIGIN } from '../../../src/rules/agent-origin.ts';
import { ask } from '../../e2e/public-port.ts';
import { startServer } from '../../kit/http-server.ts';
import { atTheEnd, endAll, expectSoon, listen, mute, network } from '../../kit/way-out.ts';
import { keeperAt, TOKEN, told } from './stage.ts';

afterEach(endAll);

const PATH = '/Essentials/v1/users?limit=1&x=%2F';
const API = { 'content-type': 'application/vnd.api+json', 'cache-control': 'no-store' };

interface Passed {
  status: number;
  headers: Readonly<Record<string, unknown>>;
  body: string;
  /** How it ended. */
  end: 'whole' | AgentError;
}

/** Sends one request and waits for its end. */
const passed = (send: Send, method = 'GET', path = PATH) =>
  new Promise<Passed>((resolve) => {
    const reply: Passed = { status: 0, headers: {}, body: '', end: 'whole' };
    send(
      { origin: AGENT_ORIGIN, path, method, headers: { 'x-callers': 'own' }, body: null, login: null },
      {
        head: (status, headers) => Object.assign(reply, { status, headers }),
        data: (chunk) => {
          reply.body += chunk.toString('utf8');
          return true;
        },
        end: () => resolve(reply),
        failed: (error) => resolve({ ...reply, end: error }),
      },
    );
  });

async function keeper(handler: Parameters<typeof startServer>[0]) {
  const server = await startServer(handler);
  atTheEnd(() => server.close());
  return server;
}

/** Answers every connection's first request with these bytes, and closes it. */
async function raw(bytes: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(bytes));
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

const forward = (url: string, log = told().log) => forwardPull(network(), keeperAt(url), log);

describe('a call for the inventory that another agent keeps', () => {
  it('goes there as it came, with the token and nothing of the caller', async () => {
    const heard: unknown[] = [];
    const { origin } = await keeper(({ method, url, headers }, response) => {
      heard.push([method, url, headers.authorization, headers['x-callers']]);
      response.writeHead(200, API).end('{"data":[]}');
    });
    expect(await passed(forward(`${origin}/base`))).toMatchObject({ status: 200, body: '{"data":[]}' });
    expect(heard).toEqual([['GET', `/base${PATH}`, `Bearer ${TOKEN}`, undefined]]);
  });

  it.each([200, 400, 404, 405, 503])('is answered as the keeper answers: %d', async (status) => {
    const { origin } = await keeper((_request, response) => {
      response.writeHead(status, { ...API, 'content-length': 2, 'set-cookie': 'a=b', server: 'x' }).end('{}');
    });
    const { log, lines } = told();
    const { headers, ...reply } = await passed(forward(origin, log));
    expect(reply).toEqual({ status, body: '{}', end: 'whole' });
    expect(JSON.parse(JSON.stringify(headers))).toEqual({ ...API, 'content-length': '2' });
    expect(lines).toEqual([]);
  });

  it('by HEAD has the length and no body', async () => {
    const { origin } = await keeper((_request, response) => {
      response.writeHead(200, { ...API, 'content-length': 4_000_000 }).end();
    });
    const reply = await passed(forward(origin), 'HEAD');
    expect(reply).toMatchObject({ status: 200, body: '', end: 'whole' });
    expect(reply.headers['content-length']).toBe('4000000');
  });

  it('waits while its caller does not read', async () => {
    const whole = 'x'.repeat(8 * 1024 * 1024);
    const { origin } = await keeper((_request, response) => void response.writeHead(200, API).end(whole));
    const read = await new Promise<number>((resolve) => {
      let bytes = 0;
      const flight = forward(origin)(
        { origin: AGENT_ORIGIN, path: PATH, method: 'GET', headers: {}, body: null, login: null },
        {
          head: () => {},
          data: (chunk) => {
            bytes += chunk.length;
            setImmediate(() => flight.resume());
            return false;
          },
          end: () => resolve(bytes),
          failed: () => resolve(-1),
        },
      );
    });
    expect(read).toBe(whole.length);
  });

  it('that is more than the keeper serves at once waits here, and leaves room for marks', async () => {
    const waiting: (() => void)[] = [];
    let isMarked = false;
    const { origin } = await keeper(({ url }, response) => {
      isMarked ||= url === '/marks';
      waiting.push(() => response.writeHead(200, API).end('{}'));
    });
    const send = forward(origin);
    const calls = Array.from({ length: 20 }, () => passed(send));
    const fromEach = MOST_REQUESTS / 3;
    await expectSoon(() => waiting.length >= fromEach - 1);
    const marked = ask(`${origin}/marks`, { method: 'POST' });
    await expectSoon(() => isMarked);
    expect(waiting).toHaveLength(fromEach);
    for (let next = 0; next < 21; next += 1) {
      await expectSoon(() => waiting.length > next);
      waiting[next]?.();
    }
    expect((await marked).status).toBe(200);
    expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('is only read', async () => {
    const { end } = await passed(forward('http://127.0.0.1:1'), 'DELETE');
    expect(end).toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('what is no answer of the keeper is 503 INVENTORY_UNREACHABLE', () => {
  const CODED = { 'content-type': 'application/json', 'x-broker-error-type': 'BUSY' };
  it.each([
    ['401', { status: 401, headers: {} }, 'HTTP_401', /tokens differ/],
    ['401 as JSON:API', { status: 401, headers: API }, 'HTTP_401', /tokens differ/],
    ['403', { status: 403, headers: {} }, 'HTTP_403', /tokens differ/],
    ['a login page', { status: 200, headers: { 'content-type': 'text/html' } }, 'HTTP_200', /INVENTORY_URL/],
    ['a redirect', { status: 302, headers: { ...API, location: '/x' } }, 'HTTP_302', /INVENTORY_URL/],
    ['404 of another port', { status: 404, headers: CODED }, 'BUSY', /log of the agent/],
    ['500', { status: 500, headers: { 'x-broker-error-type': '\u00e4 <b>' } }, 'HTTP_500', /INVENTORY_URL/],
    ['compressed', { status: 200, headers: { ...API, 'content-encoding': 'gzip' } }, 'HTTP_200', /between/],
  ])('%s', async (_what, { status, headers }, reason, hint) => {
    const { origin } = await keeper((_request, response) => {
      response.writeHead(status, headers as Record<string, string>).end('canary');
    });
    const { log, lines, fields } = told();
    const send = forward(origin, log);
    const { end, ...reply } = await passed(send);
    expect(reply).toEqual({ status: 0, headers: {}, body: '' });
    expect(end).toMatchObject({ code: 'INVENTORY_UNREACHABLE', status: 503 });
    const { message, cause } = end as AgentError;
    expect(message).not.toMatch(/127\.0\.0\.1|canary/);
    expect(failureCode(cause)).toBe(reason);
    await passed(send);
    expect(lines).toEqual([`warn the inventory cannot be asked for ${reason}`]);
    expect(fields[0]?.hint).toMatch(hint);
  });

  it('nobody there', async () => {
    const { end } = await passed(forward('http://127.0.0.1:1'));
    expect(end).toMatchObject({ code: 'INVENTORY_UNREACHABLE' });
    expect(failureCode((end as AgentError).cause)).toBe('ECONNREFUSED');
  });

  it('a body of which nobody could tell whether it is whole', async () => {
    const url = await raw('HTTP/1.1 200 OK\r\nContent-Type: application/vnd.api+json\r\n\r\n{"data":[');
    expect(await passed(forward(url))).toMatchObject({ status: 0, end: { code: 'INVENTORY_UNREACHABLE' } });
  });

  it.each(['gzip', 'gzip, chunked'])('a body in the transfer coding %s', async (coding) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/vnd.api+json\r\nTransfer-Encoding: ${coding}\r\n\r\n`;
    const url = await raw(`${head}2\r\n{}\r\n0\r\n\r\n`);
    expect(await passed(forward(url))).toMatchObject({ status: 0, end: { code: 'INVENTORY_UNREACHABLE' } });
  });

  it.each([
    ['its length', 'Content-Length: 100\r\n\r\n{"data":['],
    ['its chunks', 'Transfer-Encoding: chunked\r\n\r\n9\r\n{"data":[\r\n'],
  ])('a body that is shorter than %s, when that is seen', async (_what, rest) => {
    const url = await raw(`HTTP/1.1 200 OK\r\nContent-Type: application/vnd.api+json\r\n${rest}`);
    const { log, lines } = told();
    const send = forward(url, log);
    for (let count = 0; count < 3; count += 1) {
      expect(await passed(send)).toMatchObject({
        ...{ status: 200, body: '{"data":[' },
        end: { code: 'INVENTORY_UNREACHABLE' },
      });
    }
    expect(lines).toHaveLength(1);
  });

  it('and it is told once when that is over', async () => {
    let works = false;
    const { origin } = await keeper((_request, response) => {
      response.writeHead(works ? 200 : 502, API).end('{}');
    });
    const { log, lines } = told();
    const send = forward(origin, log);
    await passed(send);
    works = true;
    for (let count = 0; count < 3; count += 1) expect((await passed(send)).status).toBe(200);
    expect(lines).toEqual([
      'warn the inventory cannot be asked for HTTP_502',
      'info the inventory cannot be asked for: over',
    ]);
  });

  it('nobody is told of a call whose caller has gone', async () => {
    const port = await listen(mute());
    const { log, lines } = told();
    const out = network();
    let heard = false;
    const hear = () => {
      heard = true;
      return true;
    };
    const flight = forwardPull(
      out,
      keeperAt(`http://127.0.0.1:${port}`),
      log,
    )(
      { origin: AGENT_ORIGIN, path: PATH, method: 'GET', headers: {}, body: null, login: null },
      { head: hear, data: hear, end: hear, failed: hear },
    );
    flight.cancel();
    await out.close();
    expect({ heard, lines }).toEqual({ heard: false, lines: [] });
  });
});
