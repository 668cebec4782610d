import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { verify } from '../../src/audit/verify.ts';
import { CALL, chainFiles, DAY_MS, NOON, open, REFUSED, RULES_HASH, recordsIn } from './stage.ts';

let place: ReturnType<typeof makeTemporaryFolder>;
beforeEach(() => {
  place = makeTemporaryFolder('audit');
});
afterEach(() => place.remove());

const file = (name: string) => join(place.path, 'agent-1', name);
const TODAY = '2026-05-04.jsonl';

describe('a record', () => {
  it('has its fields in a fixed order, and the hash of the line before it', async () => {
    const { trail } = open(place.path);
    trail.event('started', { version: '1.2.3', pid: 7 });
    trail.call('tunnel', { ...CALL, nearMisses: ['a: b'], firstByteMs: 1, cause: 'ECONNRESET' });
    trail.call('webhook', { ...REFUSED, requestId: null, query: 'a=b' });
    await trail.close();
    const [first, second, third, ...more] = readFileSync(file(TODAY), 'utf8').trimEnd().split('\n');
    const sha = (text = '') => createHash('sha256').update(text).digest('hex');
    const time = '"time":"2026-05-04T12:00:00.000Z"';
    const rules = `"rules":"${RULES_HASH}"`;
    expect(more).toEqual([]);
    expect(first).toBe(
      `{"seq":1,${time},"event":"started","version":"1.2.3","pid":7,${rules},"prev":"${'0'.repeat(64)}"}`,
    );
    expect(second).toBe(
      `{"seq":2,${time},"road":"tunnel","direction":"to-bitbucket","requestId":"req-1","method":"GET",` +
        `"path":"/projects/PAY/repos/api","ruleId":"repository","allowed":true,"reason":"allowed",` +
        `"status":200,"bytes":120,"ms":4.25,${rules},"prev":"${sha(first)}"}`,
    );
    expect(third).toBe(
      `{"seq":3,${time},"road":"webhook","direction":"to-snyk","requestId":null,"method":"GET",` +
        `"path":"/admin/license","query":"a=b","ruleId":null,"allowed":false,"reason":"no-rule",` +
        `"code":"FILTER_BLOCKED","status":401,"bytes":120,"ms":4.25,${rules},"prev":"${sha(second)}"}`,
    );
  });

  it('holds no secret, whatever field brings it', async () => {
    const reveal = () => 's3cret/with "quotes"';
    const { trail } = open(place.path, { secrets: () => [{ reveal }] });
    trail.call('tunnel', {
      ...CALL,
      requestId: `a${reveal()}`,
      method: reveal(),
      path: `/x/${encodeURIComponent(reveal())}`,
      query: `t=${Buffer.from(reveal()).toString('base64')}`,
    });
    trail.event('paused', { by: reveal() });
    await trail.close();
    const [call, event] = recordsIn(place.path);
    expect(call).toMatchObject({
      requestId: 'a[secret]',
      method: '[secret]',
      path: '/x/[secret]',
      query: 't=[secret]',
    });
    expect(event).toMatchObject({ event: 'paused', by: '[secret]' });
  });

  it('holds no part of a secret where a text was cut, and no spelling of one', async () => {
    const reveal = () => 's3cret/with "quotes"?>';
    const { trail } = open(place.path, { secrets: () => [{ reveal }] });
    const coded = encodeURIComponent(reveal());
    const path = `${'/'.padEnd(480, 'x')}${coded}`.slice(0, 500);
    trail.call('tunnel', { ...CALL, path, requestId: `${'i'.repeat(190)}${reveal()}` });
    const base64 = Buffer.from(reveal()).toString('base64');
    const spellings = [
      coded.replace(/%../g, (code) => code.toLowerCase()),
      encodeURI(reveal()),
      coded.replaceAll('%20', '+'),
      base64.replaceAll('=', ''),
      Buffer.from(reveal()).toString('base64url'),
    ];
    for (const path of spellings) trail.call('tunnel', { ...CALL, path });
    await trail.close();
    const [cut, ...others] = recordsIn(place.path);
    expect(cut).toMatchObject({
      path: `${'/'.padEnd(480, 'x')}[secret]`,
      requestId: `${'i'.repeat(190)}[secret]`,
    });
    expect(others.map(({ path }) => path)).toEqual(spellings.map(() => '[secret]'));
  });

  it('stays one line of plain, well-formed JSON, whatever a caller sends', async () => {
    const { trail } = open(place.path);
    const path = '/\n{"seq":9}\r\u001b[2J\u009b1m\u202e\u2028\ud800/ü';
    trail.call('tunnel', { ...CALL, path, requestId: 'x'.repeat(5_000), method: 'M'.repeat(5_000) });
    await trail.close();
    const text = readFileSync(file(TODAY), 'utf8');
    expect(text.split('\n')).toHaveLength(2);
    expect(text.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
    const [record] = recordsIn(place.path);
    expect(record).toMatchObject({ path: path.toWellFormed() });
    expect(String(record?.requestId)).toHaveLength(200);
    expect(String(record?.method)).toHaveLength(40);
  });

  it('of an event cannot replace what every record has', async () => {
    const { trail } = open(place.path);
    trail.event('paused', { seq: 7, prev: 'x', time: 'y', rules: 'z', event: 'w', by: 'me' });
    await trail.close();
    expect(recordsIn(place.path)).toEqual([
      {
        seq: 1,
        time: '2026-05-04T12:00:00.000Z',
        event: 'paused',
        by: 'me',
        rules: RULES_HASH,
        prev: '0'.repeat(64),
      },
    ]);
  });
});

describe('a chain', () => {
  it('is private to its owner', async () => {
    const folder = join(place.path, 'state', 'audit');
    const { trail } = open(folder);
    trail.call('tunnel', CALL);
    await trail.close();
    for (const each of [folder, join(folder, 'agent-1')]) expect(statSync(each).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'agent-1', TODAY)).mode & 0o777).toBe(0o600);
  });

  it('goes on over restarts, days and full files', async () => {
    let now = NOON;
    for (let start = 0; start < 3; start += 1) {
      const { trail, settle } = open(place.path, { now: () => now, partBytes: 1_000 });
      trail.event('started');
      await settle();
      for (let count = 0; count < 6; count += 1) {
        trail.call('tunnel', CALL);
        await settle();
      }
      await trail.close();
      now += DAY_MS;
    }
    const files = chainFiles(place.path);
    expect(files).toEqual(
      [4, 5, 6].flatMap((day) => ['', '.2', '.3'].map((part) => `2026-05-0${day}${part}.jsonl`)),
    );
    const [proof] = await verify(place.path);
    expect(proof).toMatchObject({ broken: null, records: 21, lastSeq: 21, files: files.length });
  });

  it('stays in its newest file when the clock goes back', async () => {
    let now = NOON;
    const { trail, settle } = open(place.path, { now: () => now });
    trail.call('tunnel', CALL);
    await settle();
    now -= 3 * DAY_MS;
    trail.call('tunnel', CALL);
    await trail.close();
    const again = open(place.path, { now: () => now });
    again.trail.call('tunnel', CALL);
    await again.trail.close();
    expect(chainFiles(place.path)).toEqual([TODAY]);
    expect((await verify(place.path))[0]).toMatchObject({ broken: null, records: 3 });
  });

  it('of a second process beside it is one of its own', async () => {
    const one = open(place.path);
    const other = open(place.path);
    one.trail.event('started');
    other.trail.event('started');
    expect([one.trail.state().instance, other.trail.state().instance]).toEqual(['agent-1', 'agent-1.2']);
    await Promise.all([one.trail.close(), other.trail.close()]);
    const third = open(place.path);
    expect(third.trail.state().instance).toBe('agent-1');
    await third.trail.close();
  });

  it('has a host name that can be no other folder', async () => {
    const { trail } = open(place.path, { host: '../../Evil Host' });
    expect(trail.state().instance).toBe('_.._evil_host');
    await trail.close();
  });

  it('passes over a folder that is not its own', async () => {
    writeFileSync(join(place.path, 'agent-1'), 'a file');
    const { trail } = open(place.path);
    expect(trail.state()).toMatchObject({ instance: 'agent-1.2', failing: null });
    await trail.close();
  });

  it('passes over what only looks like a file of its own', async () => {
    mkdirSync(file('2026-05-03.jsonl'), { recursive: true });
    writeFileSync(file('2026-99-99.jsonl'), '');
    const { trail } = open(place.path);
    trail.call('tunnel', CALL);
    await trail.close();
    writeFileSync(join(place.path, 'notes.txt'), '');
    expect(trail.state().errors).toBe(0);
    expect(await verify(place.path)).toMatchObject([{ instance: 'agent-1', files: 1, records: 1 }]);
  });

  it('loses a torn end, says so, and goes on', async () => {
    const first = open(place.path);
    first.trail.call('tunnel', CALL);
    first.trail.call('tunnel', CALL);
    await first.trail.close();
    truncateSync(file(TODAY), statSync(file(TODAY)).size - 10);
    const torn = statSync(file(TODAY)).size;
    const second = open(place.path);
    second.trail.call('tunnel', CALL);
    await second.trail.close();
    const [, recovered] = recordsIn(place.path);
    expect(recovered).toMatchObject({ seq: 2, event: 'recovered', file: TODAY });
    expect(recovered?.bytes).toBeGreaterThan(torn / 2 - 20);
    expect((await verify(place.path))[0]).toMatchObject({ broken: null, records: 3 });
  });

  it('goes on behind a last line that somebody has edited, and verify names that line', async () => {
    const first = open(place.path);
    first.trail.call('tunnel', CALL);
    await first.trail.close();
    appendFileSync(file(TODAY), 'edited by hand\n');
    const second = open(place.path);
    second.trail.call('tunnel', CALL);
    await second.trail.close();
    expect((await verify(place.path))[0]?.broken).toMatchObject({ line: 2, damage: 'changed' });
  });

  it('tells its head to the log at start, at a new file and at the end', async () => {
    let now = NOON;
    const first = open(place.path, { now: () => now });
    first.trail.call('tunnel', CALL);
    await first.settle();
    now += DAY_MS;
    first.trail.call('tunnel', CALL);
    await first.trail.close();
    const second = open(place.path, { now: () => now });
    await second.trail.close();
    const heads = [...first.lines, ...second.lines].filter(({ message }) => message === 'audit head');
    expect(heads.map(({ fields }) => fields.seq)).toEqual([2, 2, 2, 2]);
    expect(heads.at(-1)?.fields.head).toBe((await verify(place.path))[0]?.head);
  });

  it('can be proven with sha256sum alone', async () => {
    const { trail } = open(place.path);
    for (let count = 0; count < 3; count += 1) trail.call('tunnel', CALL);
    await trail.close();
    const sum = (line: number) =>
      execFileSync('sh', ['-c', `sed -n ${line}p "$0" | tr -d '\\n' | sha256sum`, file(TODAY)], {
        encoding: 'utf8',
      });
    const prevs = recordsIn(place.path).map(({ prev }) => prev);
    expect([sum(1), sum(2)].map((text) => text.slice(0, 64))).toEqual(prevs.slice(1));
  });
});

describe('AUDIT_STDOUT', () => {
  it('gives each record as it stands in the file, behind a mark', async () => {
    const output = new PassThrough();
    const { trail } = open(place.path, { output: output as unknown as NodeJS.WriteStream }, { stdout: true });
    trail.event('started');
    trail.call('tunnel', CALL);
    await trail.close();
    let text = '';
    for await (const chunk of output) {
      text += chunk;
      if (text.split('\n').length === 3) break;
    }
    const bare = text.replace(/^\{"audit":(.*)\}$/gm, '$1');
    expect(bare).toBe(readFileSync(file(TODAY), 'utf8'));
  });
});
