import { describe, expect, it } from '@jest/globals';
import { enriched } from '../../../src/inventory/normalise/enriched.ts';
import { freshness } from '../../../src/inventory/normalise/freshness.ts';

const at = (text: string): number => Date.parse(text);
const now = at('2025-05-31T12:00:00.000Z');

describe('freshness', () => {
  it.each([
    ['2025-05-31T11:00:00.000Z', 'active'],
    ['2025-06-30T00:00:00.000Z', 'active'],
    ['2025-02-28T12:00:00.000Z', 'active'],
    ['2025-02-28T11:59:59.999Z', 'inactive'],
    ['2024-11-30T12:00:00.000Z', 'inactive'],
    ['2024-11-30T11:59:59.999Z', 'dormant'],
    ['1999-01-01T00:00:00.000Z', 'dormant'],
    ['no time', 'n/a'],
    [null, 'n/a'],
  ])('a last commit at %s is %s', (commit, word) => {
    expect(freshness(commit, now)).toBe(word);
  });

  it('counts months across the turn of the year and leap days', () => {
    expect(freshness('2024-11-15T00:00:00.000Z', at('2025-02-15T00:00:00.000Z'))).toBe('active');
    expect(freshness('2024-02-29T00:00:00.000Z', at('2024-05-31T00:00:00.000Z'))).toBe('active');
    expect(freshness('2024-02-28T23:59:59.999Z', at('2024-05-31T00:00:00.000Z'))).toBe('inactive');
  });
});

describe('what the enrichment adds', () => {
  const bare = {
    name: 'API',
    default_branch_name: null,
    labels: null,
    last_commit_at: null,
    repository_freshness: 'n/a',
    sources: ['bitbucket-server'],
  } as const;

  it('is set in its place, the labels sorted and without doubles', () => {
    const enrichment = {
      labels: ['zeta', 'alpha', 'zeta'],
      last_commit_at: '2025-05-01T00:00:00.000Z',
      default_branch_name: 'main',
    };
    expect(JSON.stringify(enriched(bare, enrichment, now))).toBe(
      '{"name":"API","default_branch_name":"main","labels":["alpha","zeta"],' +
        '"last_commit_at":"2025-05-01T00:00:00.000Z","repository_freshness":"active","sources":["bitbucket-server"]}',
    );
    expect(enrichment.labels).toEqual(['zeta', 'alpha', 'zeta']);
  });

  it('leaves everything as it is where none is known', () => {
    expect(enriched(bare, null, now)).toEqual(bare);
  });

  it('takes an empty repository for one without commits', () => {
    const enrichment = { default_branch_name: 'main', last_commit_at: null, labels: [] };
    expect(enriched(bare, enrichment, now)).toMatchObject({ ...enrichment, repository_freshness: 'n/a' });
  });

  it('brings nothing back that was left out', () => {
    const { labels: _labels, last_commit_at: _commit, ...rest } = bare;
    const made = enriched(rest, { labels: ['x'], last_commit_at: '2025-05-01T00:00:00.000Z' }, now);
    expect(made).toEqual({ ...rest, repository_freshness: 'active' });
  });

  it('keeps what it does not name, and lets freshness age', () => {
    const before = {
      ...bare,
      last_commit_at: '2025-01-01T00:00:00.000Z',
      repository_freshness: 'active',
    } as const;
    expect(enriched(before, { labels: null }, now)).toEqual({ ...before, repository_freshness: 'inactive' });
  });
});
