import { describe, expect, it } from '@jest/globals';
import type { AgentError } from '../../../src/errors.ts';
import type { MissingRule } from '../../../src/inventory/collect/own-calls.ts';
import { planOf } from '../../../src/inventory/collect/plan.ts';

const WHOLE = { users: true, repositories: true, enrichment: true };
const OPEN = { omits: () => false, includedKeys: null };

/** An accept list that lacks rules for these paths. */
const without = (...lacking: string[]) => ({
  missing: (urls: readonly string[]): MissingRule[] =>
    urls.flatMap((url) => {
      const path = url.split('?', 1)[0] ?? '';
      if (!lacking.includes(path)) return [];
      return [{ url, path, rule: `{"path":"${path}"}`, because: null }];
    }),
});

const omitting = (...fields: string[]) => ({ ...OPEN, omits: (field: string) => fields.includes(field) });

function refusal(plan: () => unknown): AgentError {
  try {
    plan();
  } catch (error) {
    return error as AgentError;
  }
  throw new Error('nothing was refused');
}

const REPOSITORY = '/projects/KEY/repos/slug';
const ALL_FIELDS = { defaultBranch: true, oldDefaultBranch: true, lastCommit: true, labels: true };

describe('the plan of a run', () => {
  it('is everything where every rule is there', () => {
    expect(planOf(WHOLE, OPEN, without())).toEqual({
      version: true,
      usersLists: ['/admin/users', '/users'],
      enrichment: ALL_FIELDS,
      loginCheck: '/users?limit=1',
      notes: [],
    });
  });

  it.each([
    [['/users'], '/admin/users?limit=1'],
    [['/users', '/admin/users'], null],
  ])('without a rule for %j finds out by %s whether the login works', (lacking, loginCheck) => {
    const scope = { users: false, repositories: true, enrichment: false };
    expect(planOf(scope, OPEN, without(...lacking))).toMatchObject({ loginCheck, notes: [] });
  });

  it('needs rules for those projects only that are named, and for each of them', () => {
    const lists = ['/projects/KEY/repos', '/projects/~KEY/repos', '/projects/PAY/repos/slug/labels'];
    const named = { ...OPEN, includedKeys: ['PAY', '~jo.do', 'a/b'] };
    const plan = planOf(WHOLE, named, without(...lists));
    expect(plan.enrichment).toEqual({ ...ALL_FIELDS, labels: false });
    expect(plan.notes).toEqual([expect.stringContaining('labels')]);
    const { message } = refusal(() => planOf(WHOLE, named, without('/projects/~jo.do/repos')));
    expect(message).toContain('does not allow 1 call(s)');
    expect(planOf(WHOLE, { ...OPEN, includedKeys: ['a/b'] }, without()).notes).toEqual([]);
  });

  it('tells one rule that is missing for all projects once', () => {
    const { message } = refusal(() =>
      planOf(WHOLE, OPEN, without('/projects/KEY/repos', '/projects/~KEY/repos')),
    );
    expect(message).toContain('does not allow 1 call(s)');
  });

  it('names all that a run cannot do without at once', () => {
    const calls = without('/repos', '/projects', '/projects/KEY/repos', '/users', '/admin/users');
    const { code, message, hint } = refusal(() => planOf(WHOLE, OPEN, calls));
    expect(code).toBe('RULE_MISSING');
    for (const path of ['/repos', '/projects', '/projects/KEY/repos', '/users', '/admin/users']) {
      expect(message).toContain(`GET ${path}\n`.trimEnd());
      expect(hint).toContain(`{"path":"${path}"}`);
    }
  });

  it('needs only what its scope needs', () => {
    const noPlaces = without('/repos', '/projects', '/application-properties');
    expect(planOf({ users: true, repositories: false, enrichment: false }, OPEN, noPlaces)).toMatchObject({
      version: false,
      usersLists: ['/admin/users', '/users'],
    });
    const noPeople = without('/users', '/admin/users');
    expect(planOf({ users: false, repositories: true, enrichment: false }, OPEN, noPeople)).toEqual({
      version: true,
      usersLists: [],
      enrichment: { defaultBranch: false, oldDefaultBranch: false, lastCommit: false, labels: false },
      loginCheck: null,
      notes: [],
    });
  });

  it("misses a rule for personal projects' lists where only they are left out", () => {
    const { message } = refusal(() => planOf(WHOLE, OPEN, without('/projects/~KEY/repos')));
    expect(message).toContain('/projects/~KEY/repos');
  });

  it.each([
    ['/admin/users', ['/users'], 'last login'],
    ['/users', ['/admin/users'], 'service users'],
  ])('does without %s and says what that costs', (lacking, lists, cost) => {
    const plan = planOf(WHOLE, OPEN, without(lacking));
    expect(plan.usersLists).toEqual(lists);
    expect(plan.notes).toEqual([expect.stringContaining(cost)]);
    expect(plan.notes[0]).toContain(`{"path":"${lacking}"}`);
  });

  it.each([
    ['default-branch', 'default_branch_name', { defaultBranch: false }],
    ['commits', 'last_commit_at', { lastCommit: false }],
    ['labels', 'labels', { labels: false }],
  ])('does without %s and names the field', (call, field, lacks) => {
    const plan = planOf(WHOLE, OPEN, without(`${REPOSITORY}/${call}`));
    expect(plan.enrichment).toEqual({ ...ALL_FIELDS, ...lacks });
    expect(plan.notes).toEqual([expect.stringContaining(field)]);
  });

  it('does without the version and the old call for the default branch without a word', () => {
    const calls = without('/application-properties', `${REPOSITORY}/branches/default`);
    expect(planOf(WHOLE, OPEN, calls)).toMatchObject({
      version: false,
      enrichment: { ...ALL_FIELDS, oldDefaultBranch: false },
      notes: [],
    });
  });

  it('does not read what the operator leaves out, and misses no rule for it', () => {
    const calls = without(`${REPOSITORY}/labels`, `${REPOSITORY}/commits`);
    const privacy = omitting('repository.labels', 'repository.last_commit_at');
    expect(planOf(WHOLE, privacy, calls)).toMatchObject({
      enrichment: { ...ALL_FIELDS, lastCommit: false, labels: false },
      notes: [],
    });
  });
});
