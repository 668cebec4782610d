import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Router } from 'express';
import request from 'supertest';
import type { AdminRoutesOptions } from '../../../src/http/admin/routes.ts';
import { formToken, openAdmin } from './stage.ts';

const TOKEN = 'sixteen-characters-or-more:ü';
const ENTRANCES = ['/', '/status.json', '/status.js', '/filters', '/rules', '/rules/explain', '/nothing'];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(over: Partial<AdminRoutesOptions> = {}) {
  const admin = await openAdmin(over);
  closing.push(() => admin.close());
  return { ...admin, client: request(admin.url) };
}

/** The status line's code for a request that is sent exactly as it stands. */
async function raw(port: number, text: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('the name the port is called by', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:8001',
    '10.1.2.3:80',
    '[::1]',
    '[::1]:8001',
    '[2001:db8::7]:1',
    'localhost',
    'LocalHost:8001',
    'agent.example.com',
    'AGENT.example.com:443',
  ])('may be an address, localhost or an allowed name: %s', async (host) => {
    const { client } = await open({ allowedHosts: ['agent.example.com'] });
    expect((await client.get('/').set('host', host)).status).toBe(200);
  });

  it.each([
    'rebound.attacker.example',
    'rebound.attacker.example:8001',
    'localhost.attacker.example',
    'agent.example.com.attacker.example',
    'xagent.example.com',
    'sub.localhost',
    'localhost.',
    '127.0.0.1.attacker.example',
    '127.1',
    '0x7f000001',
    '2130706433',
    '[::1',
    '[::1].attacker.example',
    '[localhost]',
    '::1',
    'localhost:port',
    'localhost:1:2',
    'user@localhost',
    'localhost/..',
    'localhost, attacker.example',
  ])('is refused otherwise, as when a foreign name was rebound to this host: %s', async (host) => {
    const { client, lines } = await open({ allowedHosts: ['agent.example.com'] });
    for (const path of ['/', '/livez', '/filters', '/relay/projects']) {
      const answer = await client.get(path).set('host', host);
      expect([answer.status, answer.body.code]).toEqual([421, 'HOST_NOT_ALLOWED']);
    }
    expect(lines[0]).toEqual({
      message: 'request refused',
      ...{ port: 'ADMIN_PORT', method: 'GET', status: 421, code: 'HOST_NOT_ALLOWED' },
    });
    expect(JSON.stringify(lines)).not.toContain('attacker');
  });

  it('is refused when it is missing, empty, or hidden behind a whole URL', async () => {
    const { port } = await open();
    expect(await raw(port, 'GET / HTTP/1.0\r\n\r\n')).toBe(421);
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')).toBe(421);
    expect(await raw(port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).toBe(400);
    const whole = 'GET http://attacker.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    expect(await raw(port, whole)).toBe(421);
    for (const [one, other] of [
      ['attacker.example', 'localhost'],
      ['localhost', 'attacker.example'],
    ]) {
      const two = `GET / HTTP/1.1\r\nHost: ${one}\r\nHost: ${other}\r\nConnection: close\r\n\r\n`;
      expect(await raw(port, two)).toBe(421);
    }
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toBe(200);
  });
});

describe('the token', () => {
  it('is asked for by everything but the probes, in both ways a caller may give it', async () => {
    const { client, lines } = await open({ token: TOKEN });
    for (const path of ENTRANCES) {
      const answer = await client.get(path);
      expect([path, answer.status, answer.body.code]).toEqual([path, 401, 'UNAUTHORIZED']);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*, Basic /);
    }
    expect((await client.post('/pause')).status).toBe(401);
    for (const path of ['/livez', '/readyz']) expect((await client.get(path)).status).toBe(200);
    for (const path of ['/livez/', '/LIVEZ/x', '/livez/../filters', '//livez/filters']) {
      expect((await client.get(path)).text).not.toContain('private');
    }
    expect(JSON.stringify(lines)).not.toContain(TOKEN);
  });

  it.each([
    ['a bearer token', `Bearer ${encodeURIComponent('x')}`, 401],
    ['no scheme', 'sixteen-characters-or-more', 401],
    ['an empty bearer', 'Bearer ', 401],
    ['an empty password', basic('admin', ''), 401],
    ['the token as the user', basic('sixteen-characters-or-more', ''), 401],
    ['a start of it', 'Bearer sixteen-characters', 401],
    ['more than it', 'Bearer sixteen-characters-or-more1', 401],
    ['another case', 'Bearer SIXTEEN-characters-or-more', 401],
    ['another scheme', 'Digest sixteen-characters-or-more', 401],
    ['base64 that is none', 'Basic %%%%', 401],
    ['the token', 'Bearer sixteen-characters-or-more', 200],
    ['the token, scheme in any case', 'bearer sixteen-characters-or-more', 200],
    ['the token as the password', basic('anybody', 'sixteen-characters-or-more'), 200],
    ['the token as the password of nobody', basic('', 'sixteen-characters-or-more'), 200],
  ])('is compared as a whole: %s', async (_what, authorization, status) => {
    const { client } = await open({ token: 'sixteen-characters-or-more' });
    expect((await client.get('/filters').set({ authorization })).status).toBe(status);
  });

  it('may hold colons and other letters in a password', async () => {
    const { client } = await open({ token: TOKEN });
    expect((await client.get('/').set({ authorization: basic('a', TOKEN) })).status).toBe(200);
  });

  it('is not asked for where routes ask for one of their own', async () => {
    const relay = Router().get('/relay/projects', (_request, response) => response.send('relayed'));
    const metrics = Router().get('/metrics', (_request, response) => response.send('counted'));
    const { client } = await open({ token: TOKEN, ownToken: [relay], routes: [metrics] });
    const { text, headers } = await client.get('/relay/projects');
    expect([text, headers['content-security-policy'], headers['cache-control']]).toEqual([
      'relayed',
      undefined,
      undefined,
    ]);
    expect((await client.get('/relay/projects').set('host', 'attacker.example')).status).toBe(421);
    expect((await client.get('/relay/other')).status).toBe(401);
    expect((await client.get('/metrics')).status).toBe(401);
    expect((await client.get('/metrics').set({ authorization: `Bearer x` })).status).toBe(401);
    expect((await client.get('/metrics').set({ authorization: basic('a', TOKEN) })).text).toBe('counted');
  });
});

describe('a form', () => {
  const page = async (client: Awaited<ReturnType<typeof open>>['client']) => (await client.get('/')).text;

  it('that carries its own token does what it says, and leads back to the page', async () => {
    const { client, done } = await open();
    const answer = await client
      .post('/pause')
      .type('form')
      .send({ token: formToken(await page(client), '/pause') });
    expect([answer.status, answer.headers.location]).toEqual([303, '/#relaying']);
    expect(done).toEqual(['pause']);
  });

  it.each([
    ['no token', {}],
    ['an empty one', { token: '' }],
    ['another one', { token: 'A'.repeat(43) }],
    ['several', { token: ['a', 'b'] }],
    ['one in an object', { 'token[x]': 'a' }],
  ])('with %s does nothing', async (_what, fields) => {
    const { client, done, lines } = await open();
    const answer = await client.post('/pause').type('form').accept('json').send(fields);
    expect([answer.status, answer.body.code]).toEqual([403, 'FORM_EXPIRED']);
    const inBrowser = await client.post('/pause').type('form').accept('text/html').send(fields);
    expect([inBrowser.status, inBrowser.type]).toEqual([403, 'text/html']);
    expect(inBrowser.text).toContain('Load the status page again');
    expect(done).toEqual([]);
    expect(lines[0]).toMatchObject({ code: 'FORM_EXPIRED', method: 'POST' });
  });

  it('is of one action and of one process', async () => {
    const [one, other] = [await open(), await open()];
    const token = formToken(await page(one.client), '/pause');
    expect((await one.client.post('/resume').type('form').send({ token })).status).toBe(403);
    expect((await other.client.post('/pause').type('form').send({ token })).status).toBe(403);
    expect([...one.done, ...other.done]).toEqual([]);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sister site', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'https://attacker.example' }],
    ['the same host, another port', { origin: 'http://127.0.0.1:1' }],
    ['no origin that can be read', { origin: 'nonsense' }],
  ])('is refused when the browser says it comes from %s', async (_what, headers) => {
    const { client, done } = await open();
    const token = formToken(await page(client), '/pause');
    expect((await client.post('/pause').set(headers).type('form').send({ token })).status).toBe(403);
    expect(done).toEqual([]);
  });

  it('is taken from the page itself, also where a proxy speaks https before it', async () => {
    const { client, done, url } = await open({ allowedHosts: ['agent.example.com'] });
    const token = formToken(await page(client), '/pause');
    const ways = [
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      { origin: url },
      { origin: 'https://agent.example.com', host: 'Agent.example.com' },
    ];
    for (const headers of ways)
      expect((await client.post('/pause').set(headers).type('form').send({ token })).status).toBe(303);
    expect(done).toHaveLength(ways.length);
  });

  it('must be one: other bodies and sizes do nothing', async () => {
    const { client, done } = await open();
    const token = formToken(await page(client), '/pause');
    expect((await client.post('/pause').send({ token })).status).toBe(403);
    expect(
      (
        await client
          .post('/pause')
          .type('form')
          .send({ token, more: 'x'.repeat(5_000) })
      ).status,
    ).toBe(413);
    expect((await client.get('/pause')).status).toBe(404);
    expect(done).toEqual([]);
  });
});

describe('every answer', () => {
  it('has headers that keep foreign pages and caches away', async () => {
    const { client } = await open({ token: TOKEN });
    const answers = [
      await client.get('/').set({ authorization: basic('a', TOKEN) }),
      await client.get('/'),
      await client.get('/livez'),
      await client.get('/nothing').set({ authorization: basic('a', TOKEN) }),
      await client.get('/').set('host', 'attacker.example'),
      await client.post('/pause').set({ authorization: basic('a', TOKEN) }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 404, 421, 403]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'content-security-policy': expect.stringMatching(
          /^default-src 'none'; script-src 'self'; style-src 'self';.* form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
        ),
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });
});
