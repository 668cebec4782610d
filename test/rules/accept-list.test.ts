import { describe, expect, it } from '@jest/globals';
import { type AcceptList, parseAcceptList } from '../../src/rules/accept-list.ts';

function read(text: string): AcceptList {
  const { list, problems } = parseAcceptList(text, 'accept.json');
  expect(problems).toEqual([]);
  if (list === null) throw new Error('no list');
  return list;
}

const reasons = (text: string): string[] =>
  parseAcceptList(text, 'accept.json').problems.map(({ where, reason }) => `${where}: ${reason}`);

const onePrivate = (rule: string): string => `{"private": [\n  {"origin": "https://x", ${rule}}\n]}`;

describe('parseAcceptList', () => {
  it('reads the official grammar as JSON', () => {
    const list = read(`{
\t"public": [{ "//": "events", "method": "post", "path": "/webhook/:id" }],
\t"private": [
\t\t{
\t\t\t"//": "first", "//": "second",
\t\t\t"method": "ANY", "path": "projects/:key",
\t\t\t"origin": "https://\${BITBUCKET_API}",
\t\t\t"auth": { "scheme": "basic", "username": "\${U}", "password": "\${P}" },
\t\t\t"valid": [
\t\t\t\t{ "path": "kind", "value": "ok" }, { "path": "list.*.id", "regex": "^a" },
\t\t\t\t{ "queryParam": "at", "values": ["refs/**"] }, { "header": "accept", "values": ["a/b"] }
\t\t\t]
\t\t}
\t]
}`);
    expect(list.private).toEqual([
      {
        id: 'private-1-any-projects-key',
        list: 'private',
        number: 1,
        where: 'accept.json, private rule 1 (line 4)',
        method: 'ANY',
        path: '/projects/:key',
        origin: 'https://${BITBUCKET_API}',
        auth: { scheme: 'basic', username: '${U}', password: '${P}' },
        valid: [
          { kind: 'body-value', path: 'kind', value: 'ok' },
          { kind: 'body-regex', path: 'list.*.id', regex: '^a' },
          { kind: 'query', queryParam: 'at', values: ['refs/**'] },
          { kind: 'header', header: 'accept', values: ['a/b'] },
        ],
        comment: 'first\nsecond',
        purpose: null,
        permission: null,
      },
    ]);
    expect(list.public).toMatchObject([
      { id: 'public-1-post-webhook-id', method: 'POST', origin: null, auth: null },
    ]);
  });

  it('reads YAML, with anchors', () => {
    const list = read(`
private:
  - &base
    id: projects
    purpose: Lists the projects.
    permission: PROJECT_VIEW
    path: /projects
    origin: https://\${BITBUCKET_API}
    auth: { scheme: bitbucket }
  - <<: *base
    id: users
    path: /users
`);
    expect(list.private.map(({ id, method, path, auth }) => [id, method, path, auth?.scheme])).toEqual([
      ['projects', 'GET', '/projects', 'bitbucket'],
      ['users', 'GET', '/users', 'bitbucket'],
    ]);
    expect(list.private[0]).toMatchObject({ purpose: 'Lists the projects.', permission: 'PROJECT_VIEW' });
    expect(list.public).toEqual([]);
  });

  it('knows every scheme of auth', () => {
    const auths = [
      { scheme: 'basic', token: '${T}' },
      { scheme: 'bearer', token: '${T}' },
      { scheme: 'token', token: '${T}' },
      { scheme: 'raw', token: 'x ${T}' },
      { scheme: 'basic', username: '${U}', password: '' },
      { scheme: 'bitbucket' },
    ];
    const rules = auths.map((auth) => ({ path: '/a', origin: 'https://x', auth }));
    expect(read(JSON.stringify({ private: rules })).private.map(({ auth }) => auth)).toEqual(auths);
  });

  it('makes ids of place, method and path that are all different', () => {
    const { private: rules } = read(
      `{"private": [{"id": "private-2-get-a", "path": "/x", "origin": "https://x"}, {"path": "/a", "origin": "https://x"}]}`,
    );
    expect(rules.map(({ id }) => id)).toEqual(['private-2-get-a', 'private-2-get-a-2']);
  });

  it('notes what it leaves out of account', () => {
    const { notes } = read(
      `{"note": 1, "private": [{"path": "/a", "origin": "https://x", "stream": true}], "public": [{"path": "/webhook", "origin": "https://x", "auth": {"scheme": "bitbucket"}}]}`,
    );
    expect(notes).toEqual([
      '"note" has no meaning and is ignored',
      'accept.json, private rule 1 (line 1): ignored: stream',
      'accept.json, public rule 1 (line 1): ignored: origin, auth',
    ]);
  });
});

describe('a broken list', () => {
  it.each([
    ['', 'accept.json: is not an object'],
    ['[]', 'accept.json: is not an object'],
    ['{}', 'accept.json: has neither a list "private" nor a list "public"'],
    [
      '{"bitbucket-server": {"private": [], "public": []}}',
      'accept.json: has neither a list "private" nor a list "public"',
    ],
    ['{"private": {}}', 'accept.json, private: is not a list of rules'],
    ['a: *b', 'accept.json: cannot be read: its aliases'],
    ['private: *hunter2', 'cannot be read'],
    ['private:\n- auth: {password: !x!secret hunter2}', 'accept.json (line 2, column '],
    ['{"private": [}', 'accept.json (line 1, column 14): here must be a value or "]"'],
    [
      '\uFEFF{\n "private": [\n  {"path": "/a"\n ]}',
      'accept.json (line 4, column 2): here must be "," or "}"',
    ],
    ['{"private": [1, 2', 'accept.json (line 1, column 18): it ends too early: here must be "," or "]"'],
    ['{"private": [],\n}', 'accept.json (line 1, column 15): a comma after which nothing comes'],
    ['{"private": [] # none\n}', 'accept.json (line 1, column 16): a comment, which JSON does not have'],
    ['private:\n- {path: [}', 'accept.json (line 2, column '],
  ])('is told as such: %j', (text, reason) => {
    expect(reasons(text)[0]).toContain(reason);
    expect(reasons(text).join()).not.toContain('hunter2');
  });

  it('has no rules when it cannot be read', () => {
    expect(parseAcceptList('{"private": [', 'accept.json').list).toBeNull();
  });
});

describe('a public rule', () => {
  const told = (path: string) =>
    parseAcceptList(JSON.stringify({ public: [{ path }] }), 'accept.json').problems;

  it.each([
    '/webhook',
    '/webhook/:id',
    'Webhook/bitbucket-server/:id',
    '/webhook*',
    '/web*',
    '/*',
    '*',
    '/:kind/:id',
    '/:kind(webhook|hook)/:id',
    '(/webhook)?/:id',
  ])('%s can be reached', (path) => {
    expect(told(path)).toEqual([]);
  });

  it.each([
    '/',
    '/hook/:id',
    '/webhooks/:id',
    '/web/:id',
    '/webhooks*',
    '/api/*',
    '/api/:x?',
    '/hook-:id',
    '//webhook',
  ])('%s cannot, as only /webhook is served', (path) => {
    expect(told(path)).toEqual([
      {
        where: 'accept.json, public rule 1 (line 1)',
        reason: 'path can never be reached: public rules are asked for /webhook and what is below it only',
        example: '"path": "/webhook/bitbucket-server/:webhookId"',
      },
    ]);
  });
});

describe('a broken rule', () => {
  it.each([
    ['"path": 3', 'path must be a text'],
    ['"path": " "', 'path is empty'],
    ['"id": "a"', 'path must be a text'],
    ['"path": "/a b"', 'path has spaces or characters beyond ASCII'],
    ['"path": "/é"', 'path has spaces or characters beyond ASCII'],
    ['"path": "/:a([)"', 'path is not a pattern of path-to-regexp 1.9: Invalid regular expression'],
    ['"path": "/a", "method": "FETCH"', 'method must be any or one of GET'],
    ['"path": "/a", "method": null', 'method must be a text'],
    ['"path": "/a", "id": "a b"', 'id may have letters'],
    ['"path": "/a", "purpose": ""', 'purpose is empty'],
    ['"path": "/a", "auth": "x"', 'auth must be an object'],
    ['"path": "/a", "auth": {"scheme": "digest"}', 'auth has no scheme of: bitbucket, basic'],
    [
      '"path": "/a", "auth": {"scheme": "basic", "username": "u"}',
      'auth with the scheme basic needs username and password, or a token',
    ],
    ['"path": "/a", "auth": {"scheme": "bearer"}', 'auth with the scheme bearer needs a token'],
    ['"path": "/a", "valid": {}', 'valid must be a list'],
    ['"path": "/a", "valid": [1]', 'a valid entry must be an object'],
    ['"path": "/a", "valid": [{}]', 'must have exactly one of path, queryParam, header'],
    [
      '"path": "/a", "valid": [{"path": "a", "header": "b"}]',
      'must have exactly one of path, queryParam, header',
    ],
    ['"path": "/a", "valid": [{"path": "a"}]', 'path "a" needs either a value or a regex'],
    [
      '"path": "/a", "valid": [{"path": "a", "value": 1, "regex": "x"}]',
      'path "a" needs either a value or a regex',
    ],
    ['"path": "/a", "valid": [{"path": "a", "value": ""}]', 'path "a" needs a value that is not empty'],
    ['"path": "/a", "valid": [{"path": "a", "value": false}]', 'path "a" needs a value that is not empty'],
    ['"path": "/a", "valid": [{"path": "a", "value": {}}]', 'path "a" needs a value that is not empty'],
    ['"path": "/a", "valid": [{"path": "a[0]", "value": 1}]', 'path in valid must be names with dots'],
    ['"path": "/a", "valid": [{"path": "a..b", "value": 1}]', 'path in valid must be names with dots'],
    ['"path": "/a", "valid": [{"path": "a", "regex": "("}]', 'regex of path "a": Invalid regular expression'],
    [
      '"path": "/a", "valid": [{"path": "a", "regex": ""}]',
      'regex of path "a" must be a text that is not empty',
    ],
    ['"path": "/a", "valid": [{"queryParam": "q"}]', 'queryParam "q" needs values, a list of texts'],
    [
      '"path": "/a", "valid": [{"queryParam": "q", "values": []}]',
      'queryParam "q" needs values, a list of texts',
    ],
    [
      '"path": "/a", "valid": [{"queryParam": "q", "values": [1]}]',
      'queryParam "q" needs values, a list of texts',
    ],
    [
      '"path": "/a", "valid": [{"queryParam": "q[]", "values": ["x"]}]',
      'cannot be the name of a query parameter',
    ],
    [
      '"path": "/a", "valid": [{"queryParam": "constructor", "values": ["x"]}]',
      'cannot be the name of a query parameter',
    ],
    [
      '"path": "/a", "valid": [{"queryParam": "q", "values": ["+(a)"]}]',
      'has the pattern "+(a)": parentheses',
    ],
    ['"path": "/a", "valid": [{"queryParam": "q", "values": ["{+,@}(a)"]}]', 'parentheses'],
    ['"path": "/a", "valid": [{"queryParam": "q", "values": ["[[:alpha:]]"]}]', 'a class in brackets'],
    [
      '"path": "/a", "valid": [{"queryParam": "q", "values": ["a/{x,..}"]}]',
      'a segment `.` or `..` never matches',
    ],
    [
      '"path": "/a", "valid": [{"header": "Accept", "values": ["x"]}]',
      'header "Accept" must be in lower case',
    ],
  ])('is told with its place and an example: %s', (rule, reason) => {
    const { list, problems } = parseAcceptList(onePrivate(rule), 'accept.json');
    expect(list?.private).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.where).toBe('accept.json, private rule 1 (line 2)');
    expect(problems[0]?.reason).toContain(reason);
    expect(problems[0]?.example).not.toBe('');
  });

  it('must be an object', () => {
    expect(reasons('{"private": ["/a"]}')).toEqual([
      'accept.json, private rule 1 (line 1): a rule must be an object',
    ]);
  });

  it('may not have a field twice', () => {
    expect(reasons('{"public": [\n{"path": "/a",\n"path": "/webhook"}]}')).toEqual([
      'accept.json (line 3, column 1): a field occurs twice in one object',
    ]);
  });

  it('is told together with all others, at its line, and the right ones are kept', () => {
    const text = `private:
  - path: /a
  - path: /b
    origin: https://x
    method: FETCH
    valid:
      - queryParam: q
  - { id: same, path: /c, origin: https://x }
public:
  - id: same
    path: /webhook/d
`;
    expect(reasons(text)).toEqual([
      'accept.json, private rule 1 (line 2): has no origin, so there is nowhere to send a call',
      'accept.json, private rule 2 (line 5): method must be any or one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      'accept.json, private rule 2 (line 7): queryParam "q" needs values, a list of texts',
      'accept.json, public rule 1 (line 10): id "same" is already that of accept.json, private rule 3 (line 8)',
    ]);
    expect(parseAcceptList(text, 'accept.json').list?.private.map(({ id }) => id)).toEqual(['same']);
  });
});
