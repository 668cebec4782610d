import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { Fault } from '../../sandbox/bitbucket/faults.ts';
import { startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { streamSha256 } from '../../sandbox/bitbucket/stream.ts';
import type { CallAnswer } from '../../sandbox/caller.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { wireCall } from '../sandbox/wire-call.ts';

const API = '/rest/api/1.0';
const MIB = 1024 * 1024;
/** About 6 KB and about 500 KB of JSON: gathered into one write, and flowing, on the stream path. */
const SMALL = '/users?limit=1000';
const LARGE = '/projects/PLAT/repos/monolith/commits?limit=1000';
/** UTF-8 as a proxy may put it into a header: one character a byte is what arrives, none over U+00FF. */
const UTF8_HEADER = Buffer.from('Größe 翻訳 😀').toString('latin1');

let stage: Stage;
let serverPid: number;

beforeAll(async () => {
  stage = await startStage({
    agentEnv: { BITBUCKET_FIRST_BYTE_TIMEOUT_MS: '500', BITBUCKET_IDLE_TIMEOUT_MS: '500' },
  });
  serverPid = stage.broker.pid;
});
afterAll(() => stage?.close());

/** After every fault the same tunnel to the same server goes on. */
afterEach(async () => {
  stage.bitbucket.faults.clear();
  for (const over of ['socket', 'stream'] as const) {
    expect((await stage.call('/projects', { over })).status).toBe(200);
  }
  expect(stage.broker.pid).toBe(serverPid);
  expect(stage.agent.log.filter(({ message }) => message === 'tunnel down')).toEqual([]);
});

const json = (answer: CallAnswer) => JSON.parse(answer.body.toString());

/** What the caller sees of a call that meets the fault: the answer, or `broken off`. */
async function outcome(fault: Fault, path: string, over: 'socket' | 'stream') {
  const set = stage.bitbucket.faults.add({ ...fault, match: API + path });
  try {
    return await stage.call(path, { over, headers: { 'accept-encoding': 'identity' } });
  } catch {
    return 'broken off';
  } finally {
    expect(set.hits).toBeGreaterThan(0);
    set.remove();
  }
}

async function answered(fault: Fault, over: 'socket' | 'stream', path = SMALL): Promise<CallAnswer> {
  const seen = await outcome(fault, path, over);
  if (seen === 'broken off') throw new Error('there was no whole answer');
  return seen;
}

const direct = (path: string) =>
  wireCall(stage.bitbucket.url, API + path, { headers: { 'accept-encoding': 'identity' } });

describe.each(['socket', 'stream'] as const)('when Bitbucket fails, over the %s path', (over) => {
  it('silence is a 504 DOWNSTREAM_TIMEOUT', async () => {
    const answer = await answered({ kind: 'hang' }, over);
    expect(answer.status).toBe(504);
    expect(json(answer)).toMatchObject({ code: 'DOWNSTREAM_TIMEOUT', url: SMALL });
    const line = await stage.agent.waitForLog(({ requestId }) => requestId === answer.requestId, 5000);
    expect(line).toMatchObject({ message: 'relayed', status: 504, code: 'DOWNSTREAM_TIMEOUT' });
  });

  it.each([
    ['a short answer', SMALL],
    ['a long answer', LARGE],
  ])('silence in the middle of %s is never a short 200', async (_what, path) => {
    const seen = await outcome({ kind: 'hang-mid-body' }, path, over);
    if (over === 'stream') expect(seen).toBe('broken off');
    else {
      if (seen === 'broken off') throw new Error('no answer over the socket');
      expect(seen.status).toBe(504);
      expect(json(seen)).toMatchObject({ code: 'DOWNSTREAM_TIMEOUT' });
    }
  });

  it.each([
    ['a chunked short answer', SMALL, { kind: 'cut', framing: 'chunked' }],
    ['a short answer with a length', SMALL, { kind: 'cut', framing: 'length' }],
    ['an answer after one byte', SMALL, { kind: 'cut', framing: 'length', after: 1 }],
    ['a chunked long answer', LARGE, { kind: 'cut', framing: 'chunked' }],
    ['a long answer with a length', LARGE, { kind: 'cut', framing: 'length' }],
    ['an answer that says it is longer', SMALL, { kind: 'wrong-length', by: 1 }],
  ] as const)('breaking off %s is never a short 200', async (_what, path, fault) => {
    const seen = await outcome(fault, path, over);
    if (seen === 'broken off') expect(over).toBe('stream');
    else {
      expect([502, 504]).toContain(seen.status);
      expect(json(seen).code).toMatch(/^DOWNSTREAM_(ERROR|TIMEOUT)$/);
    }
  });

  it('a closed connection is a 502, after one more try', async () => {
    const fault = stage.bitbucket.faults.add({ kind: 'refuse', match: API + SMALL });
    const answer = await stage.call(SMALL, { over });
    expect(answer.status).toBe(502);
    expect(json(answer)).toMatchObject({ code: 'DOWNSTREAM_ERROR' });
    expect(fault.hits).toBe(2);
  });

  it('a connection closed once is not seen by the caller', async () => {
    stage.bitbucket.faults.add({ kind: 'refuse', match: API + SMALL, times: 1 });
    expect((await stage.call(SMALL, { over })).status).toBe(200);
  });

  it('pieces that keep coming are waited for', async () => {
    const answer = await answered({ kind: 'drip', bytes: 1000, everyMs: 100 }, over);
    expect(answer.status).toBe(200);
    expect(answer.body.equals((await direct(SMALL)).body)).toBe(true);
  });

  it.each([302, 307] as const)('a %i is passed on and never followed', async (status) => {
    const location = `${stage.receiver.url}/elsewhere`;
    const before = stage.bitbucket.requests.length;
    const answer = await answered({ kind: 'redirect', status, location }, over);
    expect(answer.status).toBe(status);
    expect(answer.headers.location).toBe(location);
    expect(stage.bitbucket.requests).toHaveLength(before + 1);
    expect(stage.receiver.received).toEqual([]);
  });

  it('a login page is passed on as what it is', async () => {
    const answer = await answered({ kind: 'login-page' }, over);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.body.toString()).toContain('Sign in');
  });

  it('header values beyond ASCII arrive byte for byte, and the real server survives them', async () => {
    const headers = { 'x-project-name': UTF8_HEADER, 'x-next': 'still here' };
    const answer = await answered({ kind: 'status', status: 200, body: '{}', headers }, over);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject(headers);
  });

  it.each([
    'application/json;',
    'application/json; charset',
    'application/json;;charset=utf-8',
    'application/json, text/html',
    'json',
    'application/json; charset="utf-8',
  ])('a content type that does not parse leaves no caller waiting: %s', async (type) => {
    const headers = { 'Content-Type': type };
    const answer = await answered({ kind: 'status', status: 200, body: '{"a":1}', headers }, over);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('{"a":1}');
    const started = type.startsWith('application/json') ? 'application/json' : 'application/octet-stream';
    expect(answer.headers['content-type']).toMatch(over === 'stream' ? type : started);
  });
});

describe('bodies that do not fit into an acknowledgement', () => {
  it('gzip that nobody asked for is undone over the socket, passed on over the stream', async () => {
    const plain = (await direct(SMALL)).body;
    const text = await answered({ kind: 'forced-gzip' }, 'socket');
    expect(text.headers).not.toHaveProperty('content-encoding');
    expect(text.body.equals(plain)).toBe(true);
    const bytes = await answered({ kind: 'forced-gzip' }, 'stream');
    expect(bytes.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(bytes.body).equals(plain)).toBe(true);
  });

  it('gzip that is none is a 502 over the socket, passed on over the stream', async () => {
    const text = await answered({ kind: 'broken-gzip' }, 'socket');
    expect(text.status).toBe(502);
    expect(json(text)).toMatchObject({ code: 'DOWNSTREAM_ERROR' });
    const bytes = await answered({ kind: 'broken-gzip' }, 'stream');
    expect(bytes.status).toBe(200);
    expect(() => gunzipSync(bytes.body)).toThrow();
  });

  it('bytes that are not UTF-8 are a 502 over the socket, and arrive byte for byte over the stream', async () => {
    const text = await answered({ kind: 'not-utf8' }, 'socket');
    expect(text.status).toBe(502);
    expect(json(text)).toMatchObject({ code: 'BODY_NOT_UTF8' });
    const bytes = await answered({ kind: 'not-utf8' }, 'stream');
    expect(bytes.body.equals(Buffer.from('{"name":"M\xfcller \xff\xfe"}', 'latin1'))).toBe(true);
  });

  it.each([
    ['over 20 MiB', { kind: 'stream', bytes: 20 * MIB + 1 }],
    ['over 20 MiB with a length', { kind: 'stream', bytes: 21 * MIB, framing: 'length' }],
    [
      'over 20 MiB once decompressed',
      {
        kind: 'status',
        status: 200,
        body: gzipSync(Buffer.alloc(25 * MIB)),
        headers: { 'Content-Encoding': 'gzip' },
      },
    ],
    ['over the frame limit once encoded', { kind: 'status', status: 200, body: Buffer.alloc(15 * MIB, '"') }],
  ] as const)('%s: 502 BODY_TOO_LARGE, and the tunnel stays open', async (_what, fault) => {
    const answer = await answered(fault, 'socket');
    expect(answer.status).toBe(502);
    expect(json(answer)).toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  it('20 MiB to the byte fit', async () => {
    const answer = await answered({ kind: 'stream', bytes: 20 * MIB, contentType: 'text/plain' }, 'socket');
    expect(answer.status).toBe(200);
    expect(await sha256(answer.body)).toBe(streamSha256(20 * MIB));
  });
});

const sha256 = async (body: Buffer) =>
  Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(body))).toString('hex');

it('Bitbucket down at start: the agent says so, answers 502, and works once Bitbucket is there', async () => {
  const port = await freePort();
  const late = await startStage({ agentEnv: { BITBUCKET_URL: `http://127.0.0.1:${port}` } });
  try {
    const line = await late.agent.waitForLog(({ message }) => message === 'Bitbucket does not answer', 5000);
    expect(line).toMatchObject({
      level: 'warn',
      baseUrl: `http://127.0.0.1:${port}`,
      code: 'DOWNSTREAM_UNREACHABLE',
    });
    for (const path of ['/livez', '/readyz', '/healthcheck']) {
      const { statusCode, body } = await request(late.agentUrl + path);
      await body.dump();
      expect({ path, statusCode }).toEqual({ path, statusCode: 200 });
    }
    for (const over of ['socket', 'stream'] as const) {
      const answer = await late.call('/users', { over });
      expect(answer.status).toBe(502);
      expect(json(answer)).toMatchObject({ code: 'DOWNSTREAM_UNREACHABLE' });
    }
    const bitbucket = await startBitbucket({ port });
    try {
      for (const over of ['socket', 'stream'] as const) {
        expect((await late.call('/users', { over })).status).toBe(200);
      }
      expect(bitbucket.requests).toHaveLength(2);
    } finally {
      await bitbucket.close();
    }
  } finally {
    await late.close();
  }
});
