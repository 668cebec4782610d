import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Ended, enough, makeWorkplace, type Workplace } from './lone-agent.ts';

let place: Workplace;
beforeEach(() => {
  place = makeWorkplace();
});
afterEach(() => place.close());

/** With an accept list of that text, everything else as it should be. */
async function endedWithList(text: string, name = 'accept.json'): Promise<Ended> {
  writeFileSync(join(place.folder, name), text);
  return place.ended({ ...(await enough()), ACCEPT: name });
}

const rule = (more: Readonly<Record<string, unknown>>) => ({
  method: 'GET',
  path: '/projects',
  origin: 'https://${BITBUCKET_API}',
  auth: { scheme: 'bitbucket' },
  ...more,
});
const list = (...rules: unknown[]) => JSON.stringify({ private: rules, public: [] }, null, 2);
const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

describe('an accept list that cannot be used', () => {
  it('of broken JSON: exit code 2 with the file, the line and the words of JSON', async () => {
    const text = '{\n  "private": [\n    {"method": "GET", "path": "/a"\n  ]\n}\n';
    const { code, output } = await endedWithList(text);
    expect(code).toBe(2);
    expect(output).toMatch(
      /accept\.json \(line 4, column 3\): here must be "," or "}"\n +for example: \{"method"/,
    );
    expect(output).not.toContain('"started"');
  });

  it.each([
    [
      'an unknown variable in an origin',
      { origin: 'https://${NO_SUCH}/rest' },
      /NO_SUCH, which is not set/,
      /origin/,
    ],
    [
      'a broken regex',
      { valid: [{ path: 'a', regex: '(' }] },
      /regex of path "a": Invalid regular expression/,
      /valid/,
    ],
    ['a broken path', { path: '/projects/:key([z-a])' }, /path is not a pattern/, /"path": "\/projects/],
    ['an unknown method', { method: 'FETCH' }, /method must be any or one of GET/, /"method": "GET"/],
    ['no origin', { origin: undefined }, /has no origin/, /"origin": "https/],
    ['an auth without its token', { auth: { scheme: 'bearer' } }, /bearer needs a token/, /"auth"/],
    ['a variable in auth that is not set', { auth: { scheme: 'bearer', token: '${MY_PAT}' } }, /MY_PAT/, /./],
  ])('with %s: file, rule, line, reason and what would be right', async (_what, broken, reason, example) => {
    const text = list(rule({ path: '/users' }), { '//': 'this one', ...rule(broken) });
    const { code, output } = await endedWithList(text);
    expect(code).toBe(2);
    const [, number, line, said, right] =
      /accept\.json, private rule (\d+)(?: \(line (\d+)\))?: (.*)\n +for example: (.*)/.exec(output) ?? [];
    expect(number).toBe('2');
    expect(Number(line)).toBeGreaterThanOrEqual(lineOf(text, '"this one"') - 1);
    expect(said).toMatch(reason);
    expect(right).toMatch(example);
    expect(output).toMatch(/^1 problem\(s\)/m);
  });

  it('with several faults: all of them at once, in file order', async () => {
    const { code, output } = await endedWithList(
      list(
        rule({ origin: 'https://${NO_SUCH}' }),
        rule({}),
        rule({ valid: [{ path: 'a', regex: '[' }] }),
        rule({ id: 'twice' }),
        rule({ id: 'twice', method: 'FETCH' }),
      ),
    );
    expect(code).toBe(2);
    const rules = [...output.matchAll(/private rule (\d+)/g)].map(([, number]) => number);
    expect(new Set(rules)).toEqual(new Set(['1', '3', '5']));
    expect(output).not.toContain('"started"');
  });

  it('with a broken rule and a variable in auth that is not set: both', async () => {
    const auth = { scheme: 'basic', username: '${MY_USER}', password: '${MY_PASSWORD}' };
    const { code, output } = await endedWithList(
      list(rule({ auth }), rule({ method: 'FETCH', auth }), rule({ origin: 'https://${NO_SUCH}', auth })),
    );
    expect(code).toBe(2);
    expect(output).toMatch(/^4 problem\(s\)/m);
    expect(output).toMatch(/private rule 2 \(line \d+\): method must be/);
    expect(output).toMatch(/private rule 3 \(line \d+\): origin uses the variable NO_SUCH/);
    for (const name of ['MY_USER', 'MY_PASSWORD']) {
      const reason = `auth uses \${${name}}, which is not set; 3 rules use it (private rules 1, 2, 3)`;
      expect(output).toContain(
        `accept.json: ${reason}\n    for example: set ${name}, or use "auth": {"scheme"`,
      );
    }
  });

  it('and a configuration that cannot be used either: everything at once, and nothing made up', async () => {
    const auth = { scheme: 'bearer', token: '${MY_PAT}' };
    const text = list(
      rule({}),
      rule({ auth: { scheme: 'bearer', token: '${BITBUCKET_PAT}' } }),
      rule({ origin: 'https://git.example.com' }),
      rule({ method: 'FETCH' }),
      rule({ origin: 'https://${NO_SUCH}/x', auth }),
    );
    writeFileSync(join(place.folder, 'accept.json'), text);
    const env = { ...(await enough()), ACCEPT: 'accept.json', BITBUCKET_URL: '', BITBUCKET_PAT: '' };
    const { code, output } = await place.ended({ ...env, MY_PAT_FILE: 'missing' });
    expect(code).toBe(2);
    const told = [...output.matchAll(/^ {2}(\S.*?)(?: \(line \d+\))?: (.*)/gm)].map(
      ([, where = '', reason]) => [where.replace(/^.*\//, ''), reason],
    );
    expect(told).toEqual([
      ['BITBUCKET_URL', expect.stringContaining('is not set')],
      ['BITBUCKET_PAT', expect.stringContaining('is not set')],
      ['accept.json, private rule 4', expect.stringContaining('method must be')],
      ['accept.json, private rule 5', expect.stringContaining('origin uses the variable NO_SUCH')],
      ['MY_PAT_FILE', expect.stringContaining('the file')],
    ]);
  });

  it('in YAML: the same, with its own lines', async () => {
    const { code, output } = await endedWithList(
      'private:\n  - method: GET\n    path: /projects\n    origin: https://${NO_SUCH}\n',
      'accept.yaml',
    );
    expect(code).toBe(2);
    expect(output).toMatch(/accept\.yaml, private rule 1 \(line \d\): origin uses the variable NO_SUCH/);
  });

  it('that is not there: names ACCEPT and the path', async () => {
    const { code, output } = await place.ended({ ...(await enough()), ACCEPT: 'missing.json' });
    expect(code).toBe(2);
    expect(output).toMatch(
      /ACCEPT: the file .*missing\.json cannot be read \(ENOENT\): it is not there\n +for example: /,
    );
  });
});
