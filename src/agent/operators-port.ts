import type { Trail } from '../audit/trail.ts';
import type { Config } from '../config/config.ts';
import { AgentError, placeOf } from '../errors.ts';
import type { AdminRoutesOptions } from '../http/admin/routes.ts';
import type { AdminStatus, LintStatus, PlaceStatus, RuleStatus } from '../http/admin/status.ts';
import type { Listener } from '../http/listener.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Log } from '../log.ts';
import { explainAddress } from '../rules/explain.ts';
import { type Finding, levelCounts } from '../rules/lint/finding.ts';
import type { Rule } from '../rules/verdict.ts';
import { scrubbedTexts, scrubber } from '../scrub.ts';
import type { Tunnel } from '../tunnel/tunnel.ts';
import { agentVersion } from '../version.ts';
import type { Gate } from './gate.ts';
import type { PauseSwitch } from './pause-switch.ts';
import type { RecentCalls } from './recent-calls.ts';
import { sheetHtml } from './sheet/html.ts';
import { sheetMarkdown } from './sheet/markdown.ts';
import { sheetOf } from './sheet/sheet.ts';
import type { Sheet } from './sheet/words.ts';

/** The parts that the operators' port shows. */
export interface OperatorsPortOptions {
  readonly config: Config;
  readonly gate: Gate;
  readonly tunnel: Tunnel;
  readonly inventory: Inventory;
  readonly recent: RecentCalls;
  readonly pauseSwitch: PauseSwitch;
  readonly trail: Trail;
  draining(): boolean;
  readonly log: Log;
  /** Routes that ask for a token of their own. */
  readonly ownToken?: AdminRoutesOptions['ownToken'];
  /** Further routes behind the port's guards. */
  readonly routes?: AdminRoutesOptions['routes'];
}

/**
 * Opens the operators' port; `null` where `ADMIN_PORT` is `off`.
 *
 * @throws AgentError `LISTEN_FAILED`
 */
export async function openOperatorsPort(options: OperatorsPortOptions): Promise<Listener | null> {
  const { config, gate, tunnel, pauseSwitch, draining, log, ownToken = [], routes = [] } = options;
  const { host, port, token, allowedHosts } = config.admin;
  if (port === null) return null;
  const [{ openListener }, { adminRoutes }] = await Promise.all([
    import('../http/listener.ts'),
    import('../http/admin/routes.ts'),
  ]);
  const router = adminRoutes({
    token: token?.reveal() ?? null,
    allowedHosts,
    status: statusOf(options, Date.now()),
    filters: gate.rules.filters,
    explain: (question, list) => explainAddress(gate.rules, question, list),
    sheet: { html: () => sheetHtml(sheetNow(options)), markdown: () => sheetMarkdown(sheetNow(options)) },
    relaying: pauseSwitch,
    health: { tunnels: () => tunnel.state, draining },
    ownToken,
    routes,
    log,
  });
  const hint =
    'Set ADMIN_PORT to a port that is free and that this user may open and ADMIN_HOST to an address of this host, or ADMIN_PORT=off for none.';
  const listener = await openListener({
    port,
    name: 'ADMIN_PORT',
    host,
    hint,
    tls: null,
    routes: [router],
    log,
  });
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}/`;
  log.info("operators' port open", { url, token: token !== null });
  return listener;
}

/** Texts of others are in it, as in the log: what failed, what a receiver said, what was called. */
const sheetNow = ({ config, gate }: OperatorsPortOptions): Sheet =>
  sheetOf({
    config,
    rules: gate.rules,
    shippedWith: config.accept.shipped ? agentVersion : null,
    tls: config.listen.tls !== null,
    exampleAddress: false,
  });

function statusOf(options: OperatorsPortOptions, startedAt: number): () => AdminStatus {
  const { config, gate, tunnel, recent, pauseSwitch, draining, trail } = options;
  const { rules, rulesHash } = gate;
  let lint: LintStatus | null = null;
  const scrub = scrubber(config.secrets);
  // Not before the first page: a start should not wait for it.
  const findings = () => {
    lint ??= lintStatus(gate.findings());
    return lint;
  };
  const status = (): AdminStatus => ({
    at: Date.now(),
    startedAt,
    version: agentVersion,
    profile: config.profileName,
    brokerServer: config.broker.serverUrl,
    bitbucket: config.bitbucket.baseUrl,
    draining: draining(),
    tunnel: tunnel.state,
    pause: pauseSwitch.state,
    rules: {
      file: config.accept.path,
      shipped: config.accept.shipped,
      writes: config.allowWrites,
      rules: [...rules.private, ...rules.public].map((rule) => ruleStatus(rule, recent)),
      hash: rulesHash,
      lint: findings(),
    },
    inventory: inventoryStatus(options),
    recent: recent.newest(),
    audit: trail.state(),
  });
  return () => scrubbedTexts(status(), scrub);
}

function lintStatus(findings: readonly Finding[]): LintStatus {
  const { error, warn } = levelCounts(findings);
  return {
    errors: error,
    warnings: warn,
    findings: findings.map(({ level, ruleId, text }) => ({ level, ruleId, text })),
  };
}

function ruleStatus(rule: Rule, { hits }: RecentCalls): RuleStatus {
  const { id, list, method, path, origin, where, purpose, permission } = rule;
  const used = hits.get(id);
  return {
    ...{ id, list, method, path, origin, where, purpose, permission },
    hits: used?.hits ?? 0,
    lastAt: used?.lastAt ?? null,
  };
}

function elsewhere({ inventoryPlace: place }: Config): { readonly place?: PlaceStatus } {
  if (place.kind === 'here') return {};
  return { place: place.kind === 'there' ? { kind: place.kind, url: place.url } : place };
}

/** The page is for the days when something is broken: a state folder that cannot be read is one thing on it. */
function inventoryStatus({ config, inventory, log }: OperatorsPortOptions): AdminStatus['inventory'] {
  try {
    return { enabled: config.inventory.enabled, ...elsewhere(config), ...inventory.status() };
  } catch (error) {
    if (error instanceof AgentError) return { error: error.code };
    log.error('defect', placeOf(error));
    return { error: 'INTERNAL' };
  }
}
