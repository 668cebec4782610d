import type { AdminRoutesOptions } from '../../../src/http/admin/routes.ts';
import { adminRoutes } from '../../../src/http/admin/routes.ts';
import type { AdminStatus, RecentCall, RuleStatus } from '../../../src/http/admin/status.ts';
import { openListener } from '../../../src/http/listener.ts';
import type { Run } from '../../../src/inventory/ledger/ledger.ts';
import { type Fields, silentLog } from '../../../src/log.ts';
import { loadRules } from '../../../src/rules/compile.ts';
import { explainAddress } from '../../../src/rules/explain.ts';

const LIST = {
  private: [
    {
      id: 'projects',
      purpose: 'Lists the projects.',
      path: '/projects',
      origin: 'https://${BITBUCKET_API}',
      auth: { scheme: 'bearer', token: 'written-out-secret${MY_PAT}' },
    },
    {
      id: 'branch',
      path: '/projects/:key/commits',
      origin: 'https://${BITBUCKET_API}',
      auth: { scheme: 'bitbucket' },
      valid: [{ queryParam: 'until', values: ['main'] }],
    },
    { id: 'own', path: '/essentials/v1/users', origin: 'agent:' },
  ],
  public: [{ id: 'hook', method: 'POST', path: '/webhook/bitbucket-server/:id' }],
};

/** An accept list with two private rules and a public one. */
export function someRules() {
  const { rules } = loadRules(JSON.stringify(LIST), 'accept.json', {
    variable: (name) => (name === 'BITBUCKET_API' ? 'bitbucket.example/rest/api/1.0' : undefined),
    bitbucket: { scheme: 'https', host: 'bitbucket.example' },
    allowWrites: false,
  });
  if (rules === null) throw new Error('the list of this stage is broken');
  return rules;
}

const NOW = Date.parse('2026-11-23T13:26:01Z');
const MINUTE = 60_000;

export function aDecision(over: Partial<RecentCall> = {}): RecentCall {
  return {
    ...{
      road: 'tunnel',
      at: NOW - MINUTE,
      requestId: 'r-1',
      method: 'GET',
      path: '/projects',
      allowed: true,
    },
    ...{ ruleId: 'projects', reason: 'allowed', status: 200, bytes: 460, ms: 6.7 },
    ...over,
  };
}

export function aRun(over: Partial<Run> = {}): Run {
  return {
    ...{ number: 7, runId: '5b7c1e1a-0f0d-4c6e-9d3a-6f1d1c9a0001', kind: 'delta', state: 'complete' },
    scope: { users: true, repositories: true, enrichment: false },
    startedAt: new Date(NOW - 60 * MINUTE).toISOString(),
    endedAt: new Date(NOW - 58 * MINUTE).toISOString(),
    seen: { users: 2_841, repositories: 10_232, skipped: 1, skippedBy: {}, usersFrom: '/admin/users' },
    changes: { added: 12, changed: 40, deleted: 1 },
    sent: 53,
    error: null,
    ...over,
  };
}

/** A calm day: everything is open and done. */
export function calmStatus(over: Partial<AdminStatus> = {}): AdminStatus {
  const rules: RuleStatus[] = [...someRules().private, ...someRules().public].map(
    ({ id, list, method, path, origin, where, purpose, permission }, index) => ({
      ...{ id, list, method, path, origin, where, purpose, permission },
      hits: [1_204, 310, 0][index] ?? 0,
      lastAt: index < 2 ? NOW - MINUTE : null,
    }),
  );
  return {
    ...{ at: NOW, startedAt: NOW - 3 * 24 * 60 * MINUTE, version: '0.1.0', profile: 'acme' },
    ...{ brokerServer: 'https://broker.example', bitbucket: 'https://bitbucket.example', draining: false },
    tunnel: [
      { role: 'primary', open: true, since: NOW - 90 * MINUTE, reconnects: 0, lastError: null },
      { role: 'secondary', open: true, since: NOW - 91 * MINUTE, reconnects: 2, lastError: null },
    ],
    pause: { since: null, problem: null },
    rules: { file: '/etc/agent/accept.json', shipped: false, writes: false, rules },
    inventory: { enabled: true, running: null, budget: null, runs: [aRun()], parked: [] },
    recent: [
      aDecision(),
      aDecision({
        road: 'webhook',
        method: 'POST',
        path: '/webhook/bitbucket-server/1',
        ruleId: 'hook',
        at: NOW - 2 * MINUTE,
      }),
      aDecision({ path: '/nope', allowed: false, ruleId: null, reason: 'no-rule', status: 401 }),
    ],
    ...over,
  };
}

/** The operators' port on loopback, with rules of its own and what the test tells it. */
export async function openAdmin(over: Partial<AdminRoutesOptions> = {}) {
  const lines: Fields[] = [];
  const done: string[] = [];
  const rules = someRules();
  const log = {
    ...silentLog,
    info: (message: string, fields?: Fields) => void lines.push({ message, ...fields }),
  };
  const router = adminRoutes({
    token: null,
    allowedHosts: [],
    status: () => calmStatus(),
    filters: rules.filters,
    explain: (question, list) => explainAddress(rules, question, list),
    sheet: { html: () => '<style>body { color: red }</style>', markdown: () => '# A sheet' },
    relaying: { pause: () => void done.push('pause'), resume: () => void done.push('resume') },
    health: { tunnels: () => calmStatus().tunnel, draining: () => false },
    log,
    ...over,
  });
  const listener = await openListener({
    ...{ port: 0, name: 'ADMIN_PORT', host: '127.0.0.1', tls: null, routes: [router], log },
  });
  return { url: `http://127.0.0.1:${listener.port}`, lines, done, ...listener };
}

/** The token of the form for an action, as a page carries it. */
export function formToken(page: string, action: string): string {
  const found = new RegExp(`action="${action}">\\s*<input type="hidden" name="token" value="([^"]+)"`).exec(
    page,
  );
  if (found?.[1] === undefined) throw new Error(`the page has no form for ${action}`);
  return found[1];
}
