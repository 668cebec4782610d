import { describe, expect, it } from '@jest/globals';
import type { JsonReply, JsonRequest } from '../../../src/bitbucket/read-json.ts';
import type { CallRecord } from '../../../src/call.ts';
import { AgentError } from '../../../src/errors.ts';
import { createOwnCalls } from '../../../src/inventory/collect/own-calls.ts';
import { loadRules } from '../../../src/rules/compile.ts';

const HOST = 'git.test/context';
const BASE_URL = `https://${HOST}`;
const TOKEN = { scheme: 'bearer', token: '${SECRET}' };
const OK: JsonReply = {
  status: 200,
  headers: {},
  value: { isLastPage: true, values: [] },
  exception: '',
  bytes: 0,
};

interface RuleText {
  readonly path: string;
  readonly origin?: string;
  readonly [field: string]: unknown;
}

function stage(rules: readonly RuleText[], apiUrl?: string) {
  const variables: Readonly<Record<string, string>> = {
    BITBUCKET: HOST,
    BITBUCKET_API: apiUrl?.replace(/^https?:\/\//, '') ?? `${HOST}/rest/api/1.0`,
  };
  const text = JSON.stringify({
    private: rules.map((rule) => ({ method: 'GET', origin: 'https://${BITBUCKET_API}', ...rule })),
  });
  const loaded = loadRules(text, 'accept.json', {
    variable: (name) => variables[name],
    bitbucket: { scheme: 'https', host: HOST },
    allowWrites: false,
  });
  if (loaded.rules === null) throw new Error(JSON.stringify(loaded.problems));
  const sent: JsonRequest[] = [];
  const records: CallRecord[] = [];
  const replies: (JsonReply | Error)[] = [];
  let time = 0;
  const calls = createOwnCalls({
    rules: loaded.rules,
    loginOf: () => null,
    read: async (request) => {
      sent.push(request);
      const reply = replies.shift() ?? OK;
      if (reply instanceof Error) throw reply;
      return reply;
    },
    bitbucket: { baseUrl: BASE_URL, ...(apiUrl === undefined ? {} : { apiUrl }) },
    record: (record) => void records.push(record),
    now: () => {
      time += 5;
      return time;
    },
  });
  return { calls, sent, records, replies };
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe("the agent's own calls", () => {
  it('go to the address of the rule that allows them, byte for byte', async () => {
    const { calls, sent } = stage([{ path: '/projects/:projectKey/repos' }]);
    await expect(calls.get('/projects/~JANE_EXAMPLE/repos?limit=1000&start=2')).resolves.toBe(OK);
    expect(sent).toEqual([
      {
        origin: 'https://git.test',
        path: '/context/rest/api/1.0/projects/~JANE_EXAMPLE/repos?limit=1000&start=2',
        login: null,
      },
    ]);
  });

  it.each([
    ['the REST base', { path: '/repos' }, '/context/rest/api/1.0/repos'],
    [
      'the host, with the whole path in the rule',
      { path: '/rest/api/1.0/repos', origin: 'https://${BITBUCKET}' },
      '/context/rest/api/1.0/repos',
    ],
    [
      'the newest REST API',
      { path: '/repos', origin: 'https://${BITBUCKET}/rest/api/latest' },
      '/context/rest/api/latest/repos',
    ],
    [
      'the newest REST API, with the whole path in the rule',
      { path: '/rest/api/latest/*', origin: 'https://${BITBUCKET}' },
      '/context/rest/api/latest/repos',
    ],
    [
      "a host in capitals with the scheme's own port",
      { path: '/repos', origin: 'https://GIT.test:443/context/rest/api/1.0' },
      '/context/rest/api/1.0/repos',
    ],
  ])('are allowed by a rule on %s', async (_, rule, path) => {
    const { calls, sent } = stage([rule]);
    expect(calls.missing(['/repos?limit=1000'])).toEqual([]);
    await calls.get('/repos?limit=1000');
    expect(sent[0]?.path).toBe(`${path}?limit=1000`);
  });

  it('go to another host where that is the configured REST API', async () => {
    const { calls, sent } = stage([{ path: '/repos' }], 'https://mirror.test:8443/rest/api/latest');
    await calls.get('/repos');
    expect(sent[0]).toMatchObject({ origin: 'https://mirror.test:8443', path: '/rest/api/latest/repos' });
  });

  it.each([
    ['there is none', []],
    ['it is for another method', [{ method: 'POST', path: '/repos' }]],
    ['it leads to another host', [{ path: '/repos', origin: 'https://elsewhere.test/context/rest/api/1.0' }]],
    ['it leads beside the REST API', [{ path: '/repos', origin: 'https://${BITBUCKET}' }]],
    ['it leads to another context', [{ path: '/repos', origin: 'https://git.test/rest/api/1.0' }]],
    [
      'it is shadowed by one that leads elsewhere',
      [{ path: '/*', origin: 'https://elsewhere.test' }, { path: '/repos' }],
    ],
    ['it wants another query', [{ path: '/repos', valid: [{ queryParam: 'archived', values: ['ACTIVE'] }] }]],
  ])('are not sent without a rule: %s', async (_, rules) => {
    const { calls, sent, records } = stage(rules);
    const error = await failureOf(calls.get('/repos?archived=ALL'));
    expect(error).toMatchObject({ code: 'RULE_MISSING' });
    expect(calls.missing(['/repos?archived=ALL'])).toHaveLength(1);
    expect(sent).toEqual([]);
    expect(records).toMatchObject([{ allowed: false, ruleId: null, status: 0, code: 'RULE_MISSING' }]);
  });

  it('show the rule that is missing, which then lets them through', async () => {
    const { calls } = stage([]);
    const url = '/projects/PLAT/repos/gateway/commits?limit=1';
    const error = (await failureOf(calls.get(url))) as AgentError;
    expect(error.message).toContain('GET /projects/:projectKey/repos/:repositorySlug/commits');
    const [rule] = calls.missing([url]).map(({ rule }) => JSON.parse(rule));
    expect(error.hint).toContain(JSON.stringify(rule));
    expect(stage([rule]).calls.missing([url])).toEqual([]);
  });

  it.each([
    [
      'the login and the address of one that gets there',
      [{ path: '/users', auth: { scheme: 'basic', username: 'me', password: '${SECRET}' } }],
      { path: '/repos', origin: 'https://${BITBUCKET_API}' },
      'basic',
    ],
    [
      'no login where those that get there have none',
      [{ path: '/users' }, { path: '/x', origin: 'https://elsewhere.test', auth: TOKEN }],
      { path: '/repos', origin: 'https://${BITBUCKET_API}' },
      undefined,
    ],
    [
      'no secret that stands in the list',
      [{ path: '/users', auth: { scheme: 'bearer', token: 'not-to-be-told' } }],
      { path: '/repos', origin: 'https://${BITBUCKET_API}' },
      'bitbucket',
    ],
    [
      'the view of the rules there are',
      [{ path: '/rest/api/latest/users', origin: `https://${HOST}`, auth: { scheme: 'bitbucket' } }],
      { path: '/rest/api/1.0/repos', origin: `https://${HOST}` },
      'bitbucket',
    ],
    [
      'the configured login where there is no rule',
      [],
      { path: '/repos', origin: 'https://${BITBUCKET_API}' },
      'bitbucket',
    ],
  ] as const)('are told the missing rule with %s', (_, rules, expected, scheme) => {
    const [told = ''] = stage(rules)
      .calls.missing(['/repos'])
      .map(({ rule }) => rule);
    expect(told).not.toContain('not-to-be-told');
    const rule = JSON.parse(told);
    expect(rule).toMatchObject({ method: 'GET', ...expected });
    expect(rule.auth?.scheme).toBe(scheme);
    expect(stage([...rules, rule]).calls.missing(['/repos'])).toEqual([]);
  });

  it('are told the missing rule with the scheme of the API', () => {
    const api = 'http://mirror.test:7990/rest/api/1.0';
    const [told = ''] = stage([], api)
      .calls.missing(['/repos'])
      .map(({ rule }) => rule);
    expect(JSON.parse(told).origin).toBe('http://${BITBUCKET_API}');
  });

  it('are recorded without the owner of a personal project', async () => {
    const { calls, records } = stage([{ path: '/projects/:projectKey/repos' }]);
    await calls.get('/projects/~JANE/repos?limit=1000');
    await failureOf(calls.get('/projects/%7EJANE/other'));
    expect(records.map(({ path }) => path)).toEqual(['/projects/~…/repos', '/projects/~…/other']);
  });

  it('say which rule stands in the way', () => {
    const { calls } = stage([{ id: 'catch-all', path: '/*', origin: 'https://elsewhere.test' }]);
    expect(calls.missing(['/repos'])[0]?.because).toBe(
      'accept.json, private rule 1 (line 1) sends it to https://elsewhere.test',
    );
    const picky = stage([
      { id: 'only-active', path: '/repos', valid: [{ queryParam: 'archived', values: ['ACTIVE'] }] },
    ]);
    expect(picky.calls.missing(['/repos'])[0]?.because).toMatch(/^only-active: /);
  });

  it('are recorded without their query, failed ones with a code', async () => {
    const { calls, records, replies } = stage([{ id: 'repositories', path: '/repos' }]);
    replies.push({ ...OK, status: 404 }, new AgentError('PAGE_NOT_JSON', 'A login page.'));
    await calls.get('/repos?archived=ALL');
    await failureOf(calls.get('/repos?start=2'));
    const common = {
      requestId: null,
      method: 'GET',
      path: '/repos',
      allowed: true,
      ruleId: 'repositories',
      reason: 'allowed',
    };
    expect(records).toEqual([
      { ...common, status: 404, bytes: 0, ms: 5 },
      { ...common, status: 0, bytes: 0, ms: 5, code: 'PAGE_NOT_JSON' },
    ]);
  });

  it('hand on the signal', async () => {
    const { calls, sent } = stage([{ path: '/repos' }]);
    const { signal } = new AbortController();
    await calls.get('/repos', signal);
    expect(sent[0]?.signal).toBe(signal);
  });
});
