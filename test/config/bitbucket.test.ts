import { describe, expect, it } from '@jest/globals';
import { type Env, load, problems, where } from './stage.ts';

const NONE: Env = { BITBUCKET_URL: undefined };

describe("Bitbucket's address", () => {
  it.each<[Env, string, string]>([
    [{ BITBUCKET_URL: 'https://git.example' }, 'https://git.example', 'git.example'],
    [{ BITBUCKET_URL: 'https://git.example/' }, 'https://git.example', 'git.example'],
    [
      { BITBUCKET_URL: 'HTTP://Git.Example:7990/Ctx/' },
      'http://git.example:7990/Ctx',
      'git.example:7990/Ctx',
    ],
    [{ BITBUCKET_URL: 'https://git.example:443/a/b' }, 'https://git.example/a/b', 'git.example/a/b'],
    [{ BITBUCKET_URL: 'http://[::1]:7990/ctx' }, 'http://[::1]:7990/ctx', '[::1]:7990/ctx'],
    [{ ...NONE, BITBUCKET: 'git.example' }, 'https://git.example', 'git.example'],
    [{ ...NONE, BITBUCKET: 'git.example:8443/ctx/' }, 'https://git.example:8443/ctx', 'git.example:8443/ctx'],
    [{ ...NONE, BITBUCKET: '[fd00::1]/ctx' }, 'https://[fd00::1]/ctx', '[fd00::1]/ctx'],
    [{ ...NONE, BITBUCKET: 'git.example', INSECURE_DOWNSTREAM: 'true' }, 'http://git.example', 'git.example'],
    [
      { ...NONE, BITBUCKET: 'git.example:443', INSECURE_DOWNSTREAM: 'yes' },
      'http://git.example:443',
      'git.example:443',
    ],
    [
      { ...NONE, BITBUCKET: 'git.example', INSECURE_DOWNSTREAM: 'false' },
      'https://git.example',
      'git.example',
    ],
    [
      { BITBUCKET_URL: 'http://git.example:80', BITBUCKET: 'GIT.example/' },
      'http://git.example',
      'git.example',
    ],
  ])('%j is %s', (env, baseUrl, host) => {
    const config = load(env);
    expect(config.bitbucket).toMatchObject({ baseUrl, host, api: `${host}/rest/api/1.0` });
    expect(config.variable('BITBUCKET')).toBe(host);
    expect(config.variable('BITBUCKET_API')).toBe(`${host}/rest/api/1.0`);
    expect(config.variable('BITBUCKET_GIT')).toBe(host);
  });

  it.each<[Env, string]>([
    [NONE, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'git.example' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://u:p@git.example' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://git.example?x=1' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://git.example/#x' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://git.example/a/../b' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://git.example/a/%2e%2e/b' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://git.example/a//b' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://git.example/a b' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://git.example\\@evil.example' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https://git.example:99999' }, 'BITBUCKET_URL'],
    [{ BITBUCKET_URL: 'https:///ctx' }, 'BITBUCKET_URL'],
    [{ ...NONE, BITBUCKET: 'https://git.example' }, 'BITBUCKET'],
    [{ ...NONE, BITBUCKET: 'u:p@git.example' }, 'BITBUCKET'],
    [{ BITBUCKET: 'other.example' }, 'BITBUCKET'],
    [{ INSECURE_DOWNSTREAM: 'true' }, 'INSECURE_DOWNSTREAM'],
    [{ INSECURE_DOWNSTREAM: 'perhaps' }, 'INSECURE_DOWNSTREAM'],
    [{ BITBUCKET_API: 'https://git.example/rest' }, 'BITBUCKET_API'],
    [{ BITBUCKET_GIT: 'git.example?x' }, 'BITBUCKET_GIT'],
  ])('%j is a problem of %s', (env, name) => {
    expect(where(env)).toEqual([name]);
  });

  it('says the right form when BITBUCKET has a scheme', () => {
    const [problem] = problems({ ...NONE, BITBUCKET: 'https://git.example' });
    expect(problem?.reason).toContain('BITBUCKET_URL');
    expect(problem?.example).not.toContain('://');
  });

  it.each([
    '$BITBUCKET/rest/api/latest',
    '${BITBUCKET}/rest/api/latest',
    'git.example.com/bitbucket/rest/api/latest/',
  ])('BITBUCKET_API may be %s', (text) => {
    const config = load({ BITBUCKET_API: text });
    expect(config.bitbucket.api).toBe('git.example.com/bitbucket/rest/api/latest');
    expect(config.warnings).toEqual([]);
  });

  it('warns when the API is on another host', () => {
    expect(load({ BITBUCKET_API: 'api.example/rest' }).warnings).toEqual([
      expect.stringContaining('BITBUCKET_API'),
    ]);
  });
});
