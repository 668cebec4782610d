import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enough, makeWorkplace, type Workplace } from './lone-agent.ts';

const document = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
const shipped = fileURLToPath(new URL('../../config/accept/bitbucket-server.json', import.meta.url));

let place: Workplace;
beforeAll(() => {
  place = makeWorkplace();
  for (const [, name = '', text = ''] of document.matchAll(/^`(\w+\.json)`:\n\n```json\n(.*?)```/gms)) {
    writeFileSync(join(place.folder, name), text);
  }
});
afterAll(() => place.close());

const rules = (...args: string[]) => place.ended({}, ['rules', ...args]);

/** The samples of docs/rules.md: the command line, and what it says; `…` stands for any lines. */
const samples = Array.from(
  document.matchAll(/```console\n\$ ((?:\w+=\w+ )*)bitbucket-agent (rules [^\n]*)\n(.*?)```/gs),
  ([, env = '', line = '', output = '']) => ({ env, line, output: output.trimEnd() }),
);

describe('docs/rules.md', () => {
  it('has samples', () => expect(samples.length).toBeGreaterThan(4));

  it.each(samples)('shows what $line really says', async ({ env, line, output }) => {
    const args = Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');
    const variables = Object.fromEntries(
      env
        .trim()
        .split(' ')
        .filter(Boolean)
        .map((one) => one.split('=')),
    );
    const ended = await place.ended(variables, args);
    const said = ended.output.trimEnd().replaceAll(`${place.folder}/`, '/etc/bitbucket-agent/');
    const parts = output.split(/^…$/m).map((part) => part.trim());
    expect(parts.join('')).not.toBe('');
    expect({ line, said: parts.length === 1 ? said : parts.filter((part) => !said.includes(part)) }).toEqual({
      line,
      said: parts.length === 1 ? output : [],
    });
  });
});

describe('the rules commands, with nothing set', () => {
  it('list as JSON has every shipped rule and where it comes from', async () => {
    const { code, output } = await rules('list', '--format', 'json');
    expect(code).toBe(0);
    const listed = JSON.parse(output) as { from: string }[];
    expect(listed).toHaveLength(20);
    expect(new Set(listed.map(({ from }) => from))).toEqual(new Set(['shipped with 0.1.0']));
  });

  it('explain ends with 0 when allowed, 1 when refused, 2 when the command line is wrong', async () => {
    const codes = await Promise.all([
      rules('explain', 'get', 'https://bitbucket.example.com/rest/api/1.0/users'),
      rules('explain', 'GET', '/users/a/b/c'),
      rules('explain', 'GET', 'https://bitbucket.example.com/users'),
      rules('explain', 'POST', '/webhook/bitbucket-server/1', '--public'),
      rules('explain', 'GET'),
      rules('explain', 'GET', '/users', '--header', 'no colon'),
      rules('explain', 'GET', '/users', '--body', 'no-such-file'),
    ]);
    expect(codes.map(({ code }) => code)).toEqual([0, 1, 1, 0, 2, 2, 2]);
  });

  it('lint ends with 0 for the shipped list and 1 where there is an error', async () => {
    expect((await rules('lint')).code).toBe(0);
    writeFileSync(
      join(place.folder, 'open.json'),
      '{"private":[{"method":"any","path":"/*","origin":"https://${BITBUCKET_API}"}]}',
    );
    const open = await rules('lint', '--accept', 'open.json', '--format', 'json');
    expect(open.code).toBe(1);
    expect(JSON.parse(open.output).findings[0]).toMatchObject({ level: 'error', code: 'any-catch-all' });
    writeFileSync(
      join(place.folder, 'broken.json'),
      '{"private":[{"method":"GTE","path":"/a","origin":"https://${X}"}]}',
    );
    const broken = await rules('lint', '--accept', 'broken.json');
    expect(broken).toMatchObject({
      code: 1,
      output: expect.stringContaining('unusable: method must be any or one of'),
    });
    expect((await rules('lint', '--accept', 'no-such-file')).code).toBe(2);
  });

  it('diff ends with 0 where nothing is newly allowed', async () => {
    expect(await rules('diff', shipped, shipped)).toMatchObject({ code: 0, output: 'no difference' });
    expect((await rules('diff', 'new.json', 'old.json')).code).toBe(1);
    expect((await rules('diff', 'old.json', 'no-such-file')).code).toBe(2);
  });

  it('sheet writes a file, and says when it cannot', async () => {
    expect(await rules('sheet', '--format', 'html', '--out', 'sheet.html')).toMatchObject({
      code: 0,
      output: '',
    });
    expect(readFileSync(join(place.folder, 'sheet.html'), 'utf8')).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    expect((await rules('sheet', '--out', 'no/such/folder/sheet.md')).code).toBe(2);
  });
});

describe('RULES_HASH', () => {
  it('of other rules: no start, exit code 2, and the command that shows what has changed', async () => {
    const env = { ...(await enough()), RULES_HASH: `sha256:${'0'.repeat(64)}` };
    const { code, output } = await place.ended(env);
    const { output: hash } = await rules('hash');
    expect(code).toBe(2);
    expect(output).toContain('RULES_HASH: is not the hash of the rules in ');
    expect(output).toContain(hash);
    expect(output).toContain(`bitbucket-agent rules diff <the list you signed off> ${shipped}`);
    expect(output).not.toContain('"started"');
  });

  it('of these rules: it starts', async () => {
    const { output: hash } = await rules('hash');
    const agent = await place.begin({
      ...(await enough()),
      RULES_HASH: hash.toUpperCase().replace('SHA256', 'sha256'),
    });
    await agent.waitForLog(({ message }) => message === 'started', 10_000);
    await agent.terminate();
  });
});
