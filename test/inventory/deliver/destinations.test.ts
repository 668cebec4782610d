import { readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { Secret } from '../../../src/config/secret.ts';
import { AgentError } from '../../../src/errors.ts';
import { fileDestination } from '../../../src/inventory/deliver/file-destination.ts';
import { httpsDestination } from '../../../src/inventory/deliver/https-destination.ts';
import { tunnelDestination } from '../../../src/inventory/deliver/tunnel-destination.ts';
import { readBody, startServer } from '../../kit/http-server.ts';
import { atTheEnd, authority, endAll, failure, listen, network } from '../../kit/way-out.ts';

afterEach(endAll);

const TOKEN = 'essentials-token-3f9a';
const unheard = new AbortController().signal;
const shipment = { body: Buffer.from('{"data":["Zoë"]}'), key: 'run:4' };

async function server(handler: RequestListener): Promise<string> {
  const started = await startServer(handler);
  atTheEnd(() => started.close());
  return started.origin;
}

function https(url: string, { timeoutMs = 20_000, token = new Secret(TOKEN) as Secret | null } = {}) {
  return httpsDestination(network(), { url, token, timeoutMs });
}

describe('an https destination', () => {
  it('posts the bytes compressed, with key and token', async () => {
    const seen: unknown[] = [];
    const origin = await server(async (request, response) => {
      const body = await readBody(request);
      const { method, url, headers } = request;
      seen.push({ method, url, body: gunzipSync(body).toString(), headers });
      response.writeHead(202).end('taken');
    });
    const reply = await https(`${origin}/v1/batches?tenant=a%20b`).send(shipment, unheard);
    expect(reply).toEqual({ status: 202, text: 'taken', retryAfterMs: null });
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/v1/batches?tenant=a%20b',
        body: '{"data":["Zoë"]}',
        headers: expect.objectContaining({
          'content-type': 'application/vnd.api+json',
          'content-encoding': 'gzip',
          'idempotency-key': 'run:4',
          authorization: `Bearer ${TOKEN}`,
        }),
      },
    ]);
  });

  it('sends no login where there is no token', async () => {
    const seen: (string | undefined)[] = [];
    const origin = await server((request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    await https(origin, { token: null }).send(shipment, unheard);
    expect(seen).toEqual([undefined]);
  });

  it('follows no redirect', async () => {
    const seen: unknown[] = [];
    const origin = await server((request, response) => {
      seen.push(request.url);
      response.writeHead(308, { location: '/elsewhere' }).end();
    });
    const destination = https(`${origin}/batches`);
    const reply = await destination.send(shipment, unheard);
    expect([reply.status, seen]).toEqual([308, ['/batches']]);
    expect(destination.refusal(reply, false)).toMatch(/ESSENTIALS_URL/);
  });

  it('keeps 64 KiB of an answer, and of a token that comes back nothing', async () => {
    const origin = await server((_request, response) => {
      response.write(`you sent ${TOKEN}, ${btoa(TOKEN)} `);
      response.end('x'.repeat(3_000_000));
    });
    const { text } = await https(origin).send(shipment, unheard);
    expect(text).toMatch(/^you sent \[secret\], \[secret\] x{1000}/);
    expect(text.length).toBeLessThanOrEqual(64 * 1024);
  });

  it('rejects an answer that is cut short', async () => {
    const origin = await server((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setImmediate(() => response.destroy());
    });
    const error = await failure(https(origin).send(shipment, unheard));
    expect(error).toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
  });

  it('rejects with a hint where nobody listens, and shows no token', async () => {
    const closed = await startServer(() => {});
    await closed.close();
    const error = await failure(https(closed.origin).send(shipment, unheard));
    expect(error).toMatchObject({
      code: 'DESTINATION_UNREACHABLE',
      message: `${closed.origin}/ gave no answer (ECONNREFUSED).`,
      hint: expect.stringContaining('ESSENTIALS_URL'),
    });
    expect(String(error)).not.toContain(TOKEN);
  });

  it('rejects when the time is up', async () => {
    const origin = await server(() => {});
    const error = await failure(https(origin, { timeoutMs: 50 }).send(shipment, unheard));
    expect(error).toMatchObject({
      code: 'DESTINATION_UNREACHABLE',
      message: expect.stringContaining('50 ms'),
    });
  });

  it('ends at once when it is told to', async () => {
    const stop = new AbortController();
    const origin = await server(() => stop.abort());
    const error = await failure(https(origin).send(shipment, stop.signal));
    expect(error).toMatchObject({ code: 'RUN_INTERRUPTED' });
  });

  it('says what to set for a certificate of a private CA, and trusts it then', async () => {
    const seen: unknown[] = [];
    const secure = createTlsServer(authority.issue(['127.0.0.1']), (request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    const url = `https://127.0.0.1:${await listen(secure)}/`;
    expect(await failure(https(url).send(shipment, unheard))).toMatchObject({
      code: 'DESTINATION_UNREACHABLE',
      hint: expect.stringContaining('CA_CERT'),
    });
    expect(seen).toEqual([]);
    const trusting = network({ extraCa: [authority.ca] });
    const options = { url, token: new Secret(TOKEN), timeoutMs: 20_000 };
    expect((await httpsDestination(trusting, options).send(shipment, unheard)).status).toBe(200);
    expect(seen).toEqual([`Bearer ${TOKEN}`]);
  });

  it.each([
    [401, true, /ESSENTIALS_TOKEN is not accepted/],
    [401, false, /ESSENTIALS_TOKEN/],
    [403, true, /ESSENTIALS_TOKEN/],
    [404, true, /ESSENTIALS_URL/],
    [405, true, /ESSENTIALS_URL/],
    [302, false, /redirect/],
  ])('is wrong itself after %i (first: %s)', (status, first, hint) => {
    const reply = { status, text: '', retryAfterMs: null };
    expect(https('http://127.0.0.1:1/').refusal(reply, first)).toMatch(hint);
  });

  it.each([
    [403, false],
    [404, false],
    [405, false],
    [400, true],
    [413, true],
    [422, true],
  ])('is right and the batch is wrong after %i (first: %s)', (status, first) => {
    expect(https('http://127.0.0.1:1/').refusal({ status, text: '', retryAfterMs: null }, first)).toBeNull();
  });
});

describe('a tunnel destination', () => {
  const options = { path: '/essentials/v1/batches', timeoutMs: 120_000 };
  const opened = async () => true;
  const blocked = '{"code":"FILTER_BLOCKED","message":"blocked","reason":"…","url":"/x"}';

  it('waits for the tunnel to open, so that its start costs no try', async () => {
    const order: string[] = [];
    const destination = tunnelDestination(
      {
        opened: async () => {
          order.push('opening');
          await new Promise((resolve) => setImmediate(resolve));
          return order.push('open') > 0;
        },
        request: async () => {
          order.push('asked');
          return { status: 202, headers: {}, body: '' };
        },
      },
      options,
    );
    expect((await destination.send(shipment, unheard)).status).toBe(202);
    expect(order).toEqual(['opening', 'open', 'asked']);
  });

  it('hands the tunnel the bytes as text', async () => {
    const asked: unknown[] = [];
    const destination = tunnelDestination(
      {
        opened,
        request: async (request, timeoutMs) => {
          asked.push({ ...request, timeoutMs });
          return { status: 429, headers: { 'retry-after': '7' }, body: 'later' };
        },
      },
      options,
    );
    expect(await destination.send(shipment, unheard)).toEqual({
      status: 429,
      text: 'later',
      retryAfterMs: 7_000,
    });
    expect(asked).toEqual([
      {
        method: 'POST',
        url: '/essentials/v1/batches',
        body: '{"data":["Zoë"]}',
        headers: {
          'content-type': 'application/vnd.api+json',
          accept: 'application/vnd.api+json, application/json',
          'idempotency-key': 'run:4',
        },
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        timeoutMs: 120_000,
      },
    ]);
  });

  it('hides the broker token that an answer repeats', async () => {
    const request = async () => ({ status: 400, headers: {}, body: `x-broker-token: ${TOKEN}` });
    const destination = tunnelDestination({ opened, request }, { ...options, secrets: [new Secret(TOKEN)] });
    expect((await destination.send(shipment, unheard)).text).toBe('x-broker-token: [secret]');
  });

  it('passes on why there was no answer, and ends at once when it is told to', async () => {
    const closed = new AgentError('TUNNEL_CLOSED', 'not open');
    const broken = tunnelDestination({ opened, request: () => Promise.reject(closed) }, options);
    expect(await failure(broken.send(shipment, unheard))).toBe(closed);
    const silent = tunnelDestination({ opened, request: () => new Promise(() => {}) }, options);
    const stop = new AbortController();
    const sent = failure(silent.send(shipment, stop.signal));
    stop.abort();
    expect(await sent).toMatchObject({ code: 'RUN_INTERRUPTED' });
    expect(await failure(silent.send(shipment, stop.signal))).toMatchObject({ code: 'RUN_INTERRUPTED' });
  });

  it.each([
    [401, blocked, false, /accept list/],
    [404, 'Not Found', true, /ESSENTIALS_PATH/],
    [405, '', true, /ESSENTIALS_PATH/],
    [301, '', false, /redirect/],
  ])('is wrong itself after %i %s (first: %s)', (status, text, first, hint) => {
    const destination = tunnelDestination({ opened, request: () => new Promise(() => {}) }, options);
    expect(destination.refusal({ status, text, retryAfterMs: null }, first)).toMatch(hint);
  });

  it.each([
    [401, '{"code":"OTHER"}', true],
    [401, 'null', true],
    [401, 'no JSON', true],
    [403, blocked, true],
    [404, '', false],
    [422, '', true],
  ])('is right and the batch is wrong after %i %s (first: %s)', (status, text, first) => {
    const destination = tunnelDestination({ opened, request: () => new Promise(() => {}) }, options);
    expect(destination.refusal({ status, text, retryAfterMs: null }, first)).toBeNull();
  });
});

describe('a folder as a destination', () => {
  it('gets a line for each body and each resource, and is begun anew', async () => {
    const folder = makeTemporaryFolder('dry-run');
    atTheEnd(() => folder.remove());
    const out = join(folder.path, 'not/there/yet');
    const read = (file: string) => readFileSync(join(out, file), 'utf8');
    const resources = [
      { type: 'user', id: 'a', attributes: { name: 'Zoë' } },
      { type: 'repository', id: 'b', attributes: {} },
      { type: 'user', id: 'c', attributes: {} },
    ];
    const body = (data: unknown[]) => Buffer.from(JSON.stringify({ data, meta: {} }));
    const send = async (data: unknown[]) =>
      fileDestination(out).send({ body: body(data), key: 'run:1' }, unheard);
    expect((await send(resources)).status).toBe(202);
    expect(read('batches.ndjson')).toBe(`${body(resources)}\n`);
    expect(read('users.ndjson')).toBe(`${JSON.stringify(resources[0])}\n${JSON.stringify(resources[2])}\n`);
    expect(read('repositories.ndjson')).toBe(`${JSON.stringify(resources[1])}\n`);
    const again = fileDestination(out);
    await again.send({ body: body([]), key: 'run:1' }, unheard);
    await again.send({ body: body(resources.slice(0, 1)), key: 'run:2' }, unheard);
    expect(read('batches.ndjson')).toBe(`${body([])}\n${body(resources.slice(0, 1))}\n`);
    expect(read('users.ndjson')).toBe(`${JSON.stringify(resources[0])}\n`);
    expect(read('repositories.ndjson')).toBe('');
  });

  it('that cannot be made is refused', async () => {
    const folder = makeTemporaryFolder('dry-run');
    atTheEnd(() => folder.remove());
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    expect(await failure((async () => fileDestination(join(file, 'out')))())).toMatchObject({
      code: 'DESTINATION_REFUSED',
      hint: expect.stringContaining('--out'),
    });
  });
});
