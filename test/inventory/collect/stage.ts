import { readFileSync } from 'node:fs';
import { type Bitbucket, type BitbucketOptions, startBitbucket } from '../../../sandbox/bitbucket/server.ts';
import type { World } from '../../../sandbox/bitbucket/world.ts';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { withAuthorization } from '../../../src/bitbucket/authorize.ts';
import { createExchange } from '../../../src/bitbucket/exchange.ts';
import { type ConfiguredCredential, Logins } from '../../../src/bitbucket/logins.ts';
import { withNamedAnswers } from '../../../src/bitbucket/named-answers.ts';
import { withRateBudget } from '../../../src/bitbucket/rate-budget.ts';
import { createJsonReader } from '../../../src/bitbucket/read-json.ts';
import { withRetry } from '../../../src/bitbucket/retry.ts';
import type { CallRecord } from '../../../src/call.ts';
import { AgentError } from '../../../src/errors.ts';
import { collect } from '../../../src/inventory/collect/collect.ts';
import { enrich } from '../../../src/inventory/collect/enrich.ts';
import { createOwnCalls } from '../../../src/inventory/collect/own-calls.ts';
import { planOf } from '../../../src/inventory/collect/plan.ts';
import type { EntityType, Skip } from '../../../src/inventory/entity.ts';
import type { Scope } from '../../../src/inventory/ledger/ledger.ts';
import { openLedger } from '../../../src/inventory/ledger/open-ledger.ts';
import { createNormaliser } from '../../../src/inventory/normalise/normaliser.ts';
import { createPrivacy, type PrivacySettings } from '../../../src/inventory/privacy.ts';
import { silentLog } from '../../../src/log.ts';
import { createNetwork } from '../../../src/network/network.ts';
import { loadRules } from '../../../src/rules/compile.ts';
import { atTheEnd, endAll } from '../../kit/endings.ts';

const SHIPPED = new URL('../../../config/accept/bitbucket-server.json', import.meta.url);

export const ALL: Scope = { users: true, repositories: true, enrichment: false };
export const USERS_ONLY: Scope = { users: true, repositories: false, enrichment: false };
export const REPOSITORIES_ONLY: Scope = { users: false, repositories: true, enrichment: false };
export const BOTH_PASSES: Scope = { users: false, repositories: true, enrichment: true };

/** Pages so short that every list has several. */
export const SMALL = { users: 7, groups: 7, projects: 2, repositories: 4, commits: 3 };

/** The body of an error that names this exception. */
export const refusal = (name: string): string =>
  JSON.stringify({ errors: [{ message: 'No.', exceptionName: name }] });
export const PERMISSION = refusal('com.atlassian.bitbucket.AuthorisationException');

/** The moment at which the simulated world's newest commit is a day old. */
export const NOW = Date.UTC(2024, 5, 11, 12);

export interface StageOptions extends BitbucketOptions {
  readonly login?: string;
  /** Logs in with a token instead. */
  readonly token?: string;
  readonly privacy?: Partial<PrivacySettings>;
  /** An accept list of its own; default: the shipped one. */
  readonly accept?: string;
  readonly concurrency?: number;
}

/** Ends what `setStage` started, in the other order. */
export async function strike(): Promise<void> {
  await endAll();
}

/** Time that passes only while somebody waits. */
function virtualClock() {
  let time = 1_000_000;
  return {
    now: () => time,
    pause: async (ms: number) => {
      time += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** The simulator, and all the parts of a run up to the ledger, wired as the agent does it. */
export async function setStage(options: StageOptions = {}) {
  const { login = 'admin', concurrency = 4, privacy: settings = {}, rateLimit } = options;
  const clock = virtualClock();
  const limits = rateLimit && { rateLimit: { ...rateLimit, now: clock.now } };
  const bitbucket = named(await startBitbucket({ contextPath: '/bb', ...options, ...limits }), login);
  atTheEnd(() => bitbucket.close());
  const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] });
  atTheEnd(() => network.close());
  const exchange = createExchange(network, { connectMs: 5_000, firstByteMs: 5_000, idleMs: 5_000 });
  const send = withNamedAnswers(withAuthorization(withRetry(exchange)));
  const budget = withRateBudget(send, { concurrency, ...clock });
  const folder = makeTemporaryFolder('collect');
  atTheEnd(() => folder.remove());
  const privacy = createPrivacy(
    { includeProjects: [], excludeProjects: [], omitFields: [], pseudonymise: false, ...settings },
    null,
  );
  const { url: baseUrl } = bitbucket;
  const identity = { baseUrl, privacy: privacy.fingerprint, receiver: null };
  const ledger = openLedger(folder.path, identity, { now: () => NOW });
  atTheEnd(() => ledger.close());
  const records: CallRecord[] = [];
  const skips: Skip[] = [];
  const calls = createOwnCalls({
    ...gateFor(baseUrl, credentialOf(login, options.token), options.accept),
    read: createJsonReader(budget.send, { pause: clock.pause }),
    bitbucket: { baseUrl },
    record: (record) => void records.push(record),
  });
  const normaliser = createNormaliser({ baseUrl });
  const parts = { calls, ledger, normaliser, privacy, concurrency, now: () => NOW };
  const heard = { signal: new AbortController().signal, skipped: (skip: Skip) => void skips.push(skip) };
  let runs = 0;
  const start = (scope: Scope) => {
    const at = new Date(NOW).toISOString();
    if (ledger.unfinished() !== null) ledger.finish('failed', at);
    runs += 1;
    ledger.start({ runId: `run-${runs}`, scope, kind: 'delta', startedAt: at });
  };
  return {
    ...{ bitbucket, ledger, budget, records, skips, calls, privacy, normaliser, start },
    /** One run up to where all is collected. */
    async collect(scope: Scope = ALL, rest: Partial<Parameters<typeof collect>[0]> = {}) {
      start(scope);
      return collect({ ...parts, ...heard, scope, plan: planOf(scope, privacy, calls), ...rest });
    },
    /** The second pass of a run that has collected. */
    enrich(rest: Partial<Parameters<typeof enrich>[0]> = {}) {
      const { enrichment: plan } = planOf(BOTH_PASSES, privacy, calls);
      return enrich({ ...parts, ...heard, plan, ...rest });
    },
    /** Lets the receiver acknowledge all that the run would send. */
    offerAll(): void {
      const { sequence } = ledger.enqueue(ledger.pending(100_000), () => Buffer.from('{}'));
      ledger.acknowledge(sequence);
    },
    /** Ends the run's collecting; the ids of what is gone, where a receiver has heard of it. */
    gone(seen: Awaited<ReturnType<typeof collect>>, type: EntityType): number[] {
      ledger.collected(seen);
      const all = ledger.pending(100_000).filter(({ record, type: own }) => record === null && own === type);
      return sorted(all.map(({ sourceId }) => sourceId));
    },
    /** Ends the run's collecting; what it stored and nobody acknowledged, by id. */
    stored(seen: Awaited<ReturnType<typeof collect>>) {
      ledger.collected(seen);
      const all = ledger.pending(100_000);
      return (type: EntityType): Map<number, Record<string, unknown>> =>
        new Map(
          all.flatMap(({ type: own, sourceId, record }) =>
            own === type && record !== null ? [[sourceId, JSON.parse(record)] as const] : [],
          ),
        );
    },
  };
}

export type Stage = Awaited<ReturnType<typeof setStage>>;

function gateFor(baseUrl: string, credential: ConfiguredCredential, accept = readFileSync(SHIPPED, 'utf8')) {
  const host = baseUrl.replace(/^http:\/\//, '');
  const values: Readonly<Record<string, string>> = { BITBUCKET: host, BITBUCKET_API: `${host}/rest/api/1.0` };
  const { rules, problems } = loadRules(accept, 'accept.json', {
    variable: (name) => values[name],
    bitbucket: { scheme: 'http', host },
    allowWrites: false,
  });
  if (rules === null) throw new Error(JSON.stringify(problems));
  const logins = new Logins({ configured: [credential], credentials: () => [] }, silentLog);
  const login = logins.resolve({ scheme: 'bitbucket' });
  return { rules, loginOf: () => login };
}

function credentialOf(user: string, token?: string): ConfiguredCredential {
  const secret = (text: string) => ({ reveal: () => text });
  if (token !== undefined) return { kind: 'bearer', name: 'BITBUCKET_PAT', token: secret(token) };
  const [username, password] = [secret(user), secret(`${user}-password`)];
  return { kind: 'basic', name: 'BITBUCKET_USERNAME', username, password };
}

/** Good answers that a test makes up name the user, as Bitbucket's own do. */
function named(bitbucket: Bitbucket, user: string): Bitbucket {
  const { faults } = bitbucket;
  const add: typeof faults.add = (rule) =>
    faults.add(
      rule.kind === 'status' && rule.status === 200
        ? { ...rule, headers: { 'X-AUSERNAME': user, ...rule.headers } }
        : rule,
    );
  return { ...bitbucket, faults: { ...faults, add } };
}

/** The ids of all that somebody who is no system administrator is shown. */
export function visible({ repositories, users, projects }: World) {
  const rows = <T>(of: { length: number; at(row: number): T }): T[] =>
    Array.from({ length: of.length }, (_, row) => of.at(row));
  return {
    users: rows(users).flatMap(({ id, hidden }) => (hidden ? [] : [id])),
    repositories: rows(repositories).filter(({ hidden }) => !hidden),
    projects: rows(projects).filter(({ hidden }) => !hidden),
  };
}

export const sorted = (ids: Iterable<number>): number[] => [...ids].sort((one, other) => one - other);

/** The code that some work fails with. */
export const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (error instanceof AgentError ? error.code : error),
  );

/** The calls to the REST API that begin like this. */
export const asked = ({ bitbucket }: Pick<Stage, 'bitbucket'>, path: string): string[] =>
  bitbucket.requests
    .map(({ url }) => url.slice('/bb/rest/api/1.0'.length))
    .filter((url) => url.startsWith(path));

/** The shipped list's rules on the REST API, without some. */
export function acceptWithout(...lacking: readonly string[]): string {
  const paths = ['/admin/users', '/users', '/projects', '/projects/:projectKey/repos', '/repos'];
  const rules = paths
    .filter((path) => !lacking.includes(path))
    .map((path) => ({ path, origin: 'https://${BITBUCKET_API}', auth: { scheme: 'bitbucket' } }));
  return JSON.stringify({ private: rules });
}
