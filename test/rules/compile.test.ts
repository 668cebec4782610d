import { describe, expect, it } from '@jest/globals';
import { type CompileOptions, loadRules } from '../../src/rules/compile.ts';
import type { Rule } from '../../src/rules/verdict.ts';

const VARIABLES: Readonly<Record<string, string>> = {
  BITBUCKET: 'bb.corp:7990/ctx',
  BITBUCKET_API: 'bb.corp:7990/ctx/rest/api/1.0',
  GIT: 'https://git.corp:3000',
  LOGIN: 'user:secret-word@bb.corp',
  EMPTY: '',
};
const options: CompileOptions = {
  variable: (name) => VARIABLES[name],
  bitbucket: { scheme: 'http', host: 'bb.corp:7990/ctx' },
  allowWrites: false,
};

function one(rule: object, changed: Partial<CompileOptions> = {}): Rule {
  const { rules, problems } = loadRules(
    JSON.stringify({ private: [{ path: '/a', ...rule }] }),
    'accept.json',
    { ...options, ...changed },
  );
  expect(problems).toEqual([]);
  return rules?.private[0] as Rule;
}

function reasons(...rules: object[]): string[] {
  const whole = JSON.stringify({ private: rules.map((rule) => ({ path: '/a', ...rule })) });
  const loaded = loadRules(whole, 'accept.json', options);
  expect(loaded.rules).toBeNull();
  return loaded.problems.map(({ where, reason }) => `${where}: ${reason}`);
}

describe('an origin', () => {
  it.each([
    ['https://${BITBUCKET_API}', 'http://bb.corp:7990', '/ctx/rest/api/1.0'],
    ['https://${BITBUCKET}', 'http://bb.corp:7990', '/ctx'],
    ['https://${BITBUCKET}/', 'http://bb.corp:7990', '/ctx'],
    ['${BITBUCKET}/rest', 'http://bb.corp:7990', '/ctx/rest'],
    ['HTTPS://BB.corp:7990', 'http://bb.corp:7990', ''],
    ['https://bb.corp', 'https://bb.corp', ''],
    ['other.corp/x', 'http://other.corp', '/x'],
    ['https://Other.corp:443', 'https://other.corp', ''],
    ['https://other.corp:80', 'https://other.corp:80', ''],
    ['${GIT}', 'https://git.corp:3000', ''],
    ['https://[::1]:8443/x', 'https://[::1]:8443', '/x'],
  ])('%s becomes %s and %j', (template, origin, basePath) => {
    expect(one({ origin: template })).toMatchObject({ origin, basePath, auth: null });
  });

  it('on the configured host takes the configured scheme, with the default port written or not', () => {
    const http = { bitbucket: { scheme: 'http', host: 'bb.corp:80' } } as const;
    expect(one({ origin: 'https://bb.corp' }, http).origin).toBe('http://bb.corp');
    const https = { bitbucket: { scheme: 'https', host: 'bb.corp' } } as const;
    expect(one({ origin: 'http://bb.corp:443/x' }, https).origin).toBe('https://bb.corp');
  });

  it.each([
    ['https://${NOPE}', 'origin uses the variable NOPE, which is not set'],
    ['agent:bitbucket', 'origin agent: is whole as it is: nothing may stand behind it'],
    ['Agent://${NOPE}', 'origin agent: is whole as it is: nothing may stand behind it'],
    ['agent: ', 'origin agent: is whole as it is: nothing may stand behind it'],
    ['ftp://other.corp', 'origin has the scheme ftp: only http and https are possible'],
    ['https://${GIT}', 'origin has two schemes: the variable in it has one already'],
    ['https://${LOGIN}', 'a variable in the origin has a login in it: put the login into auth'],
    ['https://${EMPTY}', 'origin has no valid host[:port]'],
    ['https://other.corp:70000', 'origin has no valid host[:port]'],
    ['https://other corp', 'origin has no valid host[:port]'],
    [
      'https://us%er:x@other.corp',
      'the login in the origin has a % without two hexadecimal digits behind it',
    ],
    ['https://other.corp/a?b=c', 'origin has a query'],
    ['https://other.corp/../x', 'the path in the origin cannot be sent as it is: dot-segment'],
    ['https://other.corp/a//b', 'the path in the origin cannot be sent as it is: empty-segment'],
    ['https://other.corp/a;b', 'the path in the origin cannot be sent as it is: path-parameter'],
    ['https://other.corp/@bitbucket.corp', 'the path in the origin has an @: write %40'],
    ['https://other.corp#x', 'the path in the origin cannot be sent as it is: bad-url'],
    ['https://other.corp\\x', 'the path in the origin cannot be sent as it is: bad-url'],
  ])('%s is told as wrong', (origin, reason) => {
    const told = reasons({ origin });
    expect(told).toEqual([`accept.json, private rule 1 (line 1): ${reason}`]);
    expect(told.join()).not.toContain('secret-word');
  });

  it('that is wrong in many rules is told once', () => {
    const origins = [
      'https://${X}',
      'https://${X}',
      'https://x',
      'https://${Y}',
      'https://${X}',
      'https://${X}',
    ];
    expect(reasons(...origins.map((origin) => ({ origin })))).toEqual([
      'accept.json: origin uses the variable X, which is not set; 4 rules use it (private rules 1, 2, 5, …)',
      'accept.json, private rule 4 (line 1): origin uses the variable Y, which is not set',
    ]);
  });

  it('is told as wrong together with everything else, in broken rules too', () => {
    expect(reasons({ origin: 'https://${X}/${Y}' }, { origin: 'https://${Z}', method: 'FETCH' })).toEqual([
      expect.stringContaining('rule 2 (line 1): method must be'),
      expect.stringContaining('rule 1 (line 1): origin uses the variable X'),
      expect.stringContaining('rule 1 (line 1): origin uses the variable Y'),
      expect.stringContaining('rule 2 (line 1): origin uses the variable Z'),
    ]);
  });
});

describe('the origin agent:', () => {
  const users = { path: '/essentials/v1/users', origin: 'agent:' };

  it.each([
    {},
    { method: 'head' },
    { origin: 'AGENT:' },
    { path: '/Essentials/V1/:list' },
    { path: '/essentials/v1/*' },
    { path: '/essentials/v1/(users|repositories)' },
  ])('is the agent itself: %j', (changed) => {
    const rule = one({ ...users, ...changed });
    expect(rule).toMatchObject({ origin: 'agent:', basePath: '', auth: null, writesOff: false });
  });

  it('is shown to the broker server as it is', () => {
    const { rules } = loadRules(JSON.stringify({ private: [users] }), 'accept.json', options);
    expect(rules?.filters.private).toEqual([expect.objectContaining({ ...users, method: 'GET' })]);
  });

  it('wants no auth, and none is looked up', () => {
    const auth = { scheme: 'bearer', token: '${NOPE}' };
    const loaded = loadRules(JSON.stringify({ private: [{ ...users, auth }] }), 'accept.json', options);
    expect(loaded).toMatchObject({ rules: null, logins: [] });
    const example = '{"method": "GET", "path": "/essentials/v1/users", "origin": "agent:"}';
    const where = 'accept.json, private rule 1 (line 1)';
    const reason = 'has auth, but the origin agent: is this agent, which asks for none';
    expect(loaded.problems).toEqual([{ where, reason, example }]);
    expect(one(JSON.parse(example)).origin).toBe('agent:');
  });

  it.each(['POST', 'DELETE', 'any'])('is only read, also when writes are allowed: %s', (method) => {
    const text = JSON.stringify({ private: [{ ...users, method }] });
    const { rules, problems } = loadRules(text, 'accept.json', { ...options, allowWrites: true });
    expect(rules).toBeNull();
    expect(problems.map(({ reason }) => reason)).toEqual([
      `has the method ${method.toUpperCase()}, but the origin agent: has only GET and HEAD`,
    ]);
  });

  it.each([
    '/projects',
    '/*',
    '/:a/:b/:c',
    '/essentials/:version/users',
    '/essentials/v1',
    '/essentials/v1/user',
    '/essentials/v1/users/:id',
    '/essentials/v2/users',
    '/essentials/v1/batches',
  ])('has no path %s', (path) => {
    expect(reasons({ ...users, path })).toEqual([
      'accept.json, private rule 1 (line 1): path is not one of the origin agent:, which are /essentials/v1/users, ' +
        '/essentials/v1/repositories, /essentials/v1/runs: it must start with /essentials/v1/ and fit one of them',
    ]);
  });

  it('tells all that is wrong with a rule, and what is left of a broken one', () => {
    const auth = { scheme: 'bitbucket' };
    expect(reasons({ ...users, path: '/a', method: 'PUT', auth }, { ...users, valid: 1, auth })).toEqual([
      expect.stringContaining('rule 2 (line 1): valid must be a list'),
      expect.stringContaining('rule 1 (line 1): has auth'),
      expect.stringContaining('rule 1 (line 1): has the method PUT'),
      expect.stringContaining('rule 1 (line 1): path is not one'),
      expect.stringContaining('rule 2 (line 1): has auth'),
    ]);
  });

  it('is no place that a variable can lead to', () => {
    const variable = (name: string) => (name === 'BITBUCKET' ? 'agent:' : undefined);
    const text = JSON.stringify({ private: [{ ...users, origin: '${BITBUCKET}' }] });
    const { problems } = loadRules(text, 'accept.json', { ...options, variable });
    expect(problems.map(({ reason }) => reason)).toEqual(['origin has no valid host[:port]']);
  });
});

describe('a login', () => {
  it('in an origin becomes basic auth, and its variables are not looked up', () => {
    const rule = one({ origin: 'https://${USER}:${PASS}@other.corp/x' });
    expect(rule).toMatchObject({ origin: 'https://other.corp', basePath: '/x' });
    expect(rule.auth).toEqual({ scheme: 'basic', username: '${USER}', password: '${PASS}' });
  });

  it('in an origin may be a lone name, or encoded', () => {
    expect(one({ origin: '${TOKEN}@other.corp' }).auth).toEqual({
      scheme: 'basic',
      username: '${TOKEN}',
      password: '',
    });
    expect(one({ origin: 'https://a%40b:c%3Ad@other.corp' }).auth).toEqual({
      scheme: 'basic',
      username: 'a@b',
      password: 'c:d',
    });
  });

  it('in auth stays as it is', () => {
    const auth = { scheme: 'bearer', token: '${OTHER_TOKEN}' };
    expect(one({ origin: 'https://other.corp', auth }).auth).toEqual(auth);
  });

  it('may not be there twice', () => {
    expect(reasons({ origin: 'https://u:p@other.corp', auth: { scheme: 'raw', token: 'x' } })).toEqual([
      expect.stringContaining('has two logins'),
    ]);
  });

  it('of Bitbucket goes to Bitbucket only', () => {
    const auth = { scheme: 'bitbucket' };
    expect(one({ origin: 'https://${BITBUCKET}', auth }).auth).toEqual(auth);
    expect(reasons({ origin: 'https://bb.corp', auth })).toEqual([
      expect.stringContaining("sends Bitbucket's login"),
    ]);
    const spelled = { scheme: 'bearer', token: '${BITBUCKET_PAT}' };
    expect(one({ origin: 'https://${BITBUCKET}', auth: spelled }).auth).toEqual(spelled);
    expect(reasons({ origin: 'https://other.corp', auth: spelled })).toEqual([
      expect.stringContaining("sends Bitbucket's login"),
    ]);
    expect(reasons({ origin: 'https://${BITBUCKET_USERNAME}:${BITBUCKET_PASSWORD}@other.corp' })).toEqual([
      expect.stringContaining("sends Bitbucket's login"),
    ]);
    expect(reasons({ origin: 'https://bb.corp:7990.evil', auth })).toEqual([
      expect.stringContaining('no valid host'),
    ]);
  });
});

describe('the logins that rules need', () => {
  it('are known of all rules, also of those with problems', () => {
    const pat = { scheme: 'bearer', token: '${PAT}' };
    const loaded = loadRules(
      JSON.stringify({
        private: [
          { path: '/a', origin: 'https://x', auth: pat },
          { path: '/a', origin: 'https://x' },
          { path: '/a', origin: 'https://${NOPE}', auth: { scheme: 'bitbucket' } },
          { path: '/a', origin: 'https://${U}:${P}@${NOPE}' },
          { path: '/a', method: 'FETCH', auth: pat },
          { path: '/a', origin: '${GIT_CLIENT_URL}', auth: pat },
        ],
        public: [{ path: '/webhook', auth: pat }],
      }),
      'accept.json',
      options,
    );
    expect(loaded.rules).toBeNull();
    expect(loaded.logins.map(({ place, auth }) => [place.number, place.list, auth])).toEqual([
      [1, 'private', pat],
      [3, 'private', { scheme: 'bitbucket' }],
      [4, 'private', { scheme: 'basic', username: '${U}', password: '${P}' }],
      [5, 'private', pat],
    ]);
  });
});

describe('writes', () => {
  const text = JSON.stringify({
    private: ['GET', 'HEAD', 'POST', 'any'].map((method) => ({
      id: method,
      method,
      path: '/a',
      origin: 'https://x',
    })),
    public: [{ id: 'hook', method: 'POST', path: '/webhook' }],
  });

  it('are off in private rules, and those rules are named', () => {
    const { rules, writesOff } = loadRules(text, 'accept.json', options);
    expect(writesOff).toEqual(['POST', 'any']);
    expect(rules?.private.map(({ writesOff: off }) => off)).toEqual([false, false, true, true]);
    expect(rules?.public[0]?.writesOff).toBe(false);
  });

  it('are on when they are allowed', () => {
    expect(loadRules(text, 'accept.json', { ...options, allowWrites: true }).writesOff).toEqual([]);
  });
});

describe('rules of the origin agent: that nobody answers', () => {
  const list = (more: object = {}) =>
    JSON.stringify({
      private: [
        { id: 'own', path: '/essentials/v1/users', origin: 'Agent:', ...more },
        { id: 'other', path: '/a', origin: 'https://${BITBUCKET}' },
      ],
    });

  it('are off, and the broker server is not told of them', () => {
    const { rules, unanswered } = loadRules(list(), 'accept.json', { ...options, agentOff: true });
    expect(unanswered).toEqual(['own']);
    expect(rules?.private.map(({ id }) => id)).toEqual(['other']);
    expect(rules?.filters.private.map(({ id }) => id)).toEqual(['other']);
    expect(rules?.specs.has('own')).toBe(false);
    const users = { method: 'GET', url: '/essentials/v1/users', headers: {}, body: null };
    expect(rules?.decide(users)).toMatchObject({ allowed: false, reason: 'no-rule' });
    expect(loadRules(list(), 'accept.json', options)).toMatchObject({ unanswered: [] });
  });

  it('are told when there is something wrong with them all the same', () => {
    const wrong = list({ auth: { scheme: 'bitbucket' } });
    const { problems } = loadRules(wrong, 'accept.json', { ...options, agentOff: true });
    expect(problems.map(({ reason }) => reason)).toEqual([expect.stringContaining('has auth')]);
  });
});

describe('a file that cannot be read', () => {
  it('gives problems and no rules', () => {
    const { rules, problems } = loadRules('{', 'accept.json', options);
    expect(rules).toBeNull();
    expect(problems.length).toBeGreaterThan(0);
  });
});
