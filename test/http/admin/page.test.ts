import { describe, expect, it } from '@jest/globals';
import { filtered, filterOf } from '../../../src/http/admin/page/decisions.ts';
import { headlineOf } from '../../../src/http/admin/page/headline.ts';
import { statusPage } from '../../../src/http/admin/page/status-page.ts';
import { moment, span } from '../../../src/http/admin/page/times.ts';
import type { AdminStatus } from '../../../src/http/admin/status.ts';
import { aDecision, aRun, calmStatus } from './stage.ts';

const page = (over: Partial<AdminStatus> = {}, query: Record<string, unknown> = {}) =>
  statusPage(calmStatus(over), filterOf(query), (action) => `token-of-${action}`);

const closed = { role: 'primary', open: false, since: 0, reconnects: 1, lastError: 'ECONNRESET' };
const open = { role: 'secondary', open: true, since: 0, reconnects: 0, lastError: null };
const paused = { since: Date.parse('2026-11-23T13:00:00Z'), problem: null };
const audit = { instance: 'a', written: 1, lost: 0, errors: 0, failing: null, head: null };

describe('the headline', () => {
  it.each<[Partial<AdminStatus>, string, string]>([
    [{}, 'good', 'Connected'],
    [{ tunnel: [closed, open] }, 'warn', 'Connected by one socket'],
    [{ tunnel: [closed, closed] }, 'bad', 'Disconnected'],
    [{ tunnel: [closed, closed], pause: paused }, 'bad', 'Disconnected and paused'],
    [{ pause: paused }, 'warn', 'Paused'],
    [{ draining: true }, 'warn', 'Stopping'],
    [{ audit: { ...audit, failing: 'ENOSPC' } }, 'bad', 'Connected, audit failing'],
    [{ audit }, 'good', 'Connected'],
  ])('says the worst there is to say: %j', (over, tone, text) => {
    expect(headlineOf(calmStatus(over))).toMatchObject({ tone, text });
    expect(page(over)).toContain(`<title>${text} – acme – bitbucket-agent</title>`);
  });
});

describe('the page', () => {
  it('shows hostile names as text, wherever they stand', () => {
    const evil = '<script>alert(1)</script><img src=x onerror=alert(1)>\u202e"\'';
    const text = page({
      ...{ profile: evil, brokerServer: evil, bitbucket: evil, version: evil },
      tunnel: [{ ...closed, role: evil, lastError: evil }, open],
      pause: { since: 1, problem: evil },
      rules: {
        ...{ file: evil, shipped: false, writes: true, hash: evil },
        lint: { errors: 1, warnings: 0, findings: [{ level: evil, ruleId: evil, text: evil }] },
        rules: [
          {
            ...{ id: evil, list: 'private', method: evil, path: evil, origin: evil, where: evil },
            ...{ purpose: evil, permission: evil, hits: 1, lastAt: 1 },
          },
        ],
      },
      inventory: {
        enabled: true,
        running: { by: evil, stage: null, done: 0, total: null, skipped: 0 },
        budget: null,
        runs: [aRun({ startedAt: evil, error: { code: evil, message: evil } })],
        parked: [{ runId: evil, sequence: 1, size: 1, status: 400, text: evil }],
      },
      recent: [aDecision({ path: evil, method: evil, ruleId: evil, code: evil, cause: evil, reason: evil })],
      audit: { ...audit, instance: evil, failing: evil, head: evil },
    });
    expect(text).not.toMatch(/<script>|<img|\u202e/);
    expect(text.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(25);
    // No handler and no style attribute either: the policy would forbid them.
    expect(text.replaceAll(/&lt;.*?&gt;/g, '')).not.toMatch(/<[^>]*\s(on\w+|style)=/);
  });

  it('keeps what was typed into its forms', () => {
    const text = page({}, { road: 'webhook', verdict: 'refused', text: '"><b>' });
    expect(text).toContain('<option value="webhook" selected>');
    expect(text).toContain('<option value="refused" selected>');
    expect(text).toContain('value="&quot;&gt;&lt;b&gt;"');
  });

  it('has one form for the switch: the one that changes how it stands', () => {
    expect(page()).toContain('<form method="post" action="/pause">');
    expect(page()).not.toContain('action="/resume"');
    const shown = page({ pause: { since: paused.since, problem: 'The pause could not be written' } });
    expect(shown).toContain('Relaying is paused since');
    expect(shown).toContain('value="token-of-/resume"');
    expect(shown).not.toContain('action="/pause"');
    expect(shown).toContain('The pause could not be written');
  });

  it('shows a run under way, its budget and what was refused', () => {
    const text = page({
      inventory: {
        enabled: true,
        running: { by: 'run', stage: 'repositories', done: 4_120, total: 10_232, skipped: 2 },
        budget: { limit: 4, inFlight: 3, waiting: 7, waitedMs: 61_000, requests: 812 },
        runs: [
          aRun({ state: 'parked' }),
          aRun({ state: 'failed', error: { code: 'BITBUCKET_BUSY', message: 'x' } }),
        ],
        parked: [{ runId: 'r', sequence: 3, size: 250, status: 422, text: 'unknown field' }],
      },
    });
    expect(text).toContain('<progress aria-label="Progress of the run" max="10232" value="4120">');
    expect(text).toContain('Reading repositories: 4,120 of about 10,232; 2 records left out.');
    for (const piece of ['3 of at most 4', '1 min 1 s', 'unknown field', 'BITBUCKET_BUSY', 'Parked batches'])
      expect(text).toContain(piece);
  });

  it('comes up when the state folder cannot be read, and when there is nothing yet', () => {
    expect(page({ inventory: { error: 'STATE_UNUSABLE' } })).toContain('cannot be read: STATE_UNUSABLE');
    const nothing = { enabled: true, running: null, budget: null, runs: [], parked: [] };
    expect(page({ inventory: nothing, recent: [] })).toContain('No run yet.');
    const rules = { file: 'f', shipped: true, writes: false, rules: [] };
    expect(page({ inventory: { ...nothing, enabled: false }, rules })).toContain('it only relays');
    const there = { kind: 'there', url: 'http://keeper<b>:8003' } as const;
    expect(page({ inventory: { ...nothing, enabled: false, place: there }, rules })).toContain(
      'The agent at <code>http://keeper&lt;b&gt;:8003</code> keeps it.',
    );
  });

  it('tells runs of marked repositories from whole ones', () => {
    const runs = [aRun({ partial: true }), aRun({ kind: 'snapshot' })];
    const shown = page({ inventory: { enabled: true, running: null, budget: null, runs, parked: [] } });
    expect(shown.match(/marked repositories only/g)).toHaveLength(1);
  });

  it('draws the hits of each rule against the most used one', () => {
    const widths = [...page().matchAll(/class="fill" width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths).toEqual([100, 25.7, 0, 0]);
  });

  it('leads from each decision to its explanation, but for what no rule was asked', () => {
    const recent = [
      aDecision({ method: 'GET', path: '/projects/A%20B/c+d' }),
      aDecision({ road: 'webhook', method: 'POST', path: '/webhook/x' }),
      aDecision({ road: 'delivery', path: '/delivered', ruleId: null }),
      aDecision({ path: `/${'cut'.repeat(200)}`.slice(0, 500) }),
    ];
    const links = [...page({ recent }).matchAll(/href="(\/rules\/explain[^"]*)"/g)].map(([, href]) => href);
    expect(links).toEqual([
      '/rules/explain?method=GET&amp;url=%2Fprojects%2FA%2520B%2Fc%2Bd',
      '/rules/explain?method=POST&amp;url=%2Fwebhook%2Fx&amp;list=public',
    ]);
  });
});

describe('the filter', () => {
  const all = [
    aDecision({ path: '/Projects' }),
    aDecision({ road: 'webhook', path: '/webhook/1', ruleId: 'hook' }),
    aDecision({ path: '/x', allowed: false, ruleId: null, reason: 'no-rule' }),
  ];
  const paths = (query: Record<string, unknown>) => filtered(all, filterOf(query)).map(({ path }) => path);

  it('looks at the way, the verdict, and the text in path, rule and reason', () => {
    expect(paths({})).toHaveLength(3);
    expect(paths({ road: 'webhook' })).toEqual(['/webhook/1']);
    expect(paths({ verdict: 'refused' })).toEqual(['/x']);
    expect(paths({ verdict: 'allowed', text: 'proj' })).toEqual(['/Projects']);
    expect(paths({ text: ' HOOK ' })).toEqual(['/webhook/1']);
    expect(paths({ text: 'no-rule' })).toEqual(['/x']);
    expect(paths({ road: 'nowhere' })).toEqual([]);
  });

  it('takes whatever a query may hold', () => {
    expect(paths({ road: ['a', 'b'], verdict: {}, text: 1 })).toHaveLength(3);
    expect(filterOf({ text: 'x'.repeat(10_000) }).text).toHaveLength(200);
  });
});

describe('times', () => {
  it('are in UTC, and lengths in their two largest units', () => {
    expect(String(moment('2026-11-23T13:26:01.999Z'))).toBe(
      '<time datetime="2026-11-23T13:26:01.999Z">2026-11-23 13:26:01 UTC</time>',
    );
    expect(String(moment('<never>'))).toBe('&lt;never&gt;');
    expect([-5, 999, 59_999, 61_000, 3_600_000, 90_061_000].map(span)).toEqual([
      '0 s',
      '0 s',
      '59 s',
      '1 min 1 s',
      '1 h 0 min',
      '1 d 1 h',
    ]);
  });
});
