import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseAcceptList } from '../../src/rules/accept-list.ts';
import { loadRules } from '../../src/rules/compile.ts';

const file = new URL('../../config/accept/bitbucket-server.json', import.meta.url);
const text = readFileSync(file, 'utf8');
const host = 'bitbucket.test/context';
const variables: Readonly<Record<string, string>> = {
  BITBUCKET: host,
  BITBUCKET_API: `${host}/rest/api/1.0`,
};
const loaded = loadRules(text, 'bitbucket-server.json', {
  variable: (name) => variables[name],
  bitbucket: { scheme: 'https', host },
  allowWrites: false,
});

const ask = (method: string, url: string) => loaded.rules?.decide({ method, url, headers: {}, body: null });

describe('config/accept/bitbucket-server.json', () => {
  it('has no problem, no note and no write', () => {
    const { problems, notes, writesOff } = loaded;
    expect({ problems, notes, writesOff }).toEqual({ problems: [], notes: [], writesOff: [] });
    expect(loaded.rules?.private.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('tells for every rule its id, purpose and permission in the file itself', () => {
    const { list } = parseAcceptList(text, 'bitbucket-server.json');
    for (const rule of [...(list?.private ?? []), ...(list?.public ?? [])]) {
      expect(rule.id).not.toMatch(/^(private|public)-/);
      expect(rule.purpose).toMatch(/^[A-Z].*\.$/);
      expect(rule.permission).not.toBeNull();
    }
  });

  it('sends all but the own lists to the REST API of Bitbucket with its login', () => {
    const [own, sent] = [true, false].map((mine) =>
      (loaded.rules?.private ?? []).filter(({ path }) => path.startsWith('/essentials/') === mine),
    );
    expect(own?.map(({ origin, auth }) => [origin, auth])).toEqual(Array(3).fill(['agent:', null]));
    expect(sent).toHaveLength(16);
    for (const { origin, basePath, auth } of sent ?? []) {
      expect({ origin, basePath, auth }).toEqual({
        origin: 'https://bitbucket.test',
        basePath: '/context/rest/api/1.0',
        auth: { scheme: 'bitbucket' },
      });
    }
  });

  const REPOSITORY = '/projects/PAY/repos/api';
  it.each([
    ['/application-properties', 'application-properties'],
    ['/users?limit=100&filter=a', 'users'],
    ['/users/jane_example', 'user'],
    ['/admin/users?start=25', 'admin-users'],
    ['/admin/groups', 'admin-groups'],
    ['/admin/groups/more-members?context=a%20b', 'admin-group-members'],
    ['/projects?limit=1000', 'projects'],
    ['/projects/~JANE', 'project'],
    ['/projects/PAY/repos', 'project-repositories'],
    [REPOSITORY, 'repository'],
    [`${REPOSITORY}/labels`, 'repository-labels'],
    [`${REPOSITORY}/default-branch`, 'repository-default-branch'],
    [`${REPOSITORY}/branches/default`, 'repository-default-branch-old'],
    [`${REPOSITORY}/commits?until=refs/heads/main&limit=1`, 'repository-commits'],
    [`${REPOSITORY}/raw/catalog-info.yaml?at=refs%2Fheads%2Fmain`, 'repository-catalog-file'],
    ['/repos?archived=ALL', 'repositories'],
    ['/essentials/v1/users?limit=1000', 'essentials-users'],
    ['/essentials/v1/repositories?limit=10&starting_after=cjox', 'essentials-repositories'],
    ['/essentials/v1/runs', 'essentials-runs'],
  ])('allows GET %s', (url, ruleId) => {
    expect(ask('GET', url)).toMatchObject({ allowed: true, ruleId });
    expect(ask('POST', url)).toMatchObject({ allowed: false, reason: 'method' });
  });

  it.each([
    '/',
    '/admin/license',
    '/admin/permissions/users',
    '/users/jane/settings',
    `${REPOSITORY}/browse`,
    `${REPOSITORY}/browse/package.json`,
    `${REPOSITORY}/raw/secrets.yaml`,
    `${REPOSITORY}/raw/a/catalog-info.yaml`,
    `${REPOSITORY}/commits/abc/diff`,
    `${REPOSITORY}/webhooks`,
    '/rest/api/1.0/projects',
    '/essentials/v1',
    '/essentials/v1/batches',
    '/essentials/v1/users/1',
  ])('allows nothing else, such as GET %s', (url) => {
    expect(ask('GET', url)).toMatchObject({ allowed: false, reason: 'no-rule' });
  });

  it('lets webhooks out', () => {
    const question = { method: 'POST', url: '/webhook/bitbucket-server/0b7c', headers: {}, body: null };
    expect(loaded.rules?.decidePublic(question)).toMatchObject({ allowed: true, ruleId: 'webhook' });
    expect(loaded.rules?.decidePublic({ ...question, url: '/webhook/github/0b7c' }).reason).toBe('no-rule');
  });
});
