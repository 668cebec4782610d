import { describe, expect, it } from '@jest/globals';
import type { AgentError } from '../../../src/errors.ts';
import type { MissingRule } from '../../../src/inventory/collect/own-calls.ts';
import { planOf } from '../../../src/inventory/collect/plan.ts';

const WHOLE = { users: true, repositories: true, enrichment: true };
const OPEN = { omits: () => false };

/** An accept list that lacks rules for these paths. */
const without = (...lacking: string[]) => ({
  missing: (urls: readonly string[]): MissingRule[] =>
    urls.flatMap((url) => {
      const path = url.split('?', 1)[0] ?? '';
      if (!lacking.includes(path)) return [];
      return [{ url, path, rule: `{"path":"${path}"}`, because: null }];
    }),
});

const omitting = (...fields: string[]) => ({ omits: (field: string) => fields.includes(field) });

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
      notes: [],
    });
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
