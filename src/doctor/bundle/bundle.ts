import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { pathShape } from '../../audit/path-shape.ts';
import type { Config } from '../../config/config.ts';
import { reportEnvironment } from '../../config/environment-report.ts';
import { Secret } from '../../config/secret.ts';
import { AgentError, failureCode } from '../../errors.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { askHere } from '../ask.ts';
import type { BitbucketDeskOptions } from '../bitbucket-desk.ts';
import { countsOf, type Finding } from '../finding.ts';
import { adminUrl, findAgent } from '../running-agent.ts';
import { auditTail } from './audit-tail.ts';
import { hostFacts } from './host.ts';
import { createScrub, type Scrub } from './scrub.ts';
import { type TarEntry, tar } from './tar.ts';

/** What an archive tells of. `null`: the configuration cannot be used. */
export interface BundleSources {
  readonly findings: readonly Finding[];
  readonly config: Config | null;
  readonly gate: Pick<BitbucketDeskOptions, 'rules' | 'credentialsOf'> | null;
  readonly inventory: Pick<Inventory, 'status'> | null;
}

const FOLDER = 'bitbucket-agent-support';
const METRICS_MS = 5_000;
const RUNS = 20;

/**
 * Writes a support archive, gzipped tar, for its owner only. Nothing in it is a secret, and nothing names a user, a
 * project or a repository that was read. A file that is there is not overwritten.
 *
 * @throws AgentError `BUNDLE_FAILED`
 */
export async function writeBundle(file: string, sources: BundleSources): Promise<void> {
  const environment = reportEnvironment();
  const secrets = [...environment.secrets, ...(sources.config?.secrets() ?? []), ...writtenOut(sources.gate)];
  const entries = await entriesOf(sources, environment, createScrub(secrets));
  writeNew(file, gzipSync(tar(entries, Date.now())));
}

/** What rules log in with, also where it stands in the accept list itself. */
function writtenOut(gate: BundleSources['gate']): readonly Secret[] {
  if (gate === null) return [];
  const headers = gate.rules.private.flatMap((rule) => gate.credentialsOf(rule));
  const texts = headers.flatMap(({ authorization }) => {
    const [scheme = '', value = authorization] = authorization.split(/ (.*)/s);
    if (scheme !== 'Basic') return [value];
    const login = Buffer.from(value, 'base64').toString('utf8');
    return [value, login, login.slice(login.indexOf(':') + 1)];
  });
  return [...new Set(texts)].map((text) => new Secret(text));
}

async function entriesOf(
  { findings, config, gate, inventory }: BundleSources,
  { variables, others }: ReturnType<typeof reportEnvironment>,
  scrub: Scrub,
): Promise<readonly TarEntry[]> {
  const entry = (name: string, text: string): TarEntry => {
    scrub.assertClean(text);
    return { name: `${FOLDER}/${name}`, content: Buffer.from(`${text}\n`) };
  };
  const json = (name: string, value: unknown) => entry(name, JSON.stringify(scrub.value(value), null, 2));
  const line = (record: unknown) => JSON.stringify(scrub.value(unnamed(record, scrub)));
  const audit = config === null ? [] : auditTail(config.audit.folder);
  const metrics = config === null ? null : await metricsOf(config);
  return [
    json('findings.json', { at: new Date().toISOString(), counts: countsOf(findings), findings }),
    json('environment.json', { variables, others }),
    json('host.json', hostFacts()),
    ...(gate === null ? [] : [json('rules.json', gate.rules.filters)]),
    ...(inventory === null ? [] : [json('runs.json', runsOf(inventory))]),
    ...(audit.length === 0 ? [] : [entry('audit.jsonl', audit.map(line).join('\n'))]),
    ...(metrics === null ? [] : [entry('metrics.txt', scrub.text(metrics).trimEnd())]),
  ];
}

/** A record without what names somebody or something: its path by shape, no query. Secrets go first: they may have a `/`. */
function unnamed(record: unknown, scrub: Scrub): unknown {
  if (typeof record !== 'object' || record === null) return record;
  const { query: _, ...kept } = record as Readonly<Record<string, unknown>>;
  return typeof kept.path === 'string' ? { ...kept, path: pathShape(scrub.text(kept.path)) } : kept;
}

/** Counts and codes only: texts of a run may repeat what was read or sent. */
function runsOf(inventory: Pick<Inventory, 'status'>): unknown {
  try {
    const { runs, parked } = inventory.status(RUNS);
    return {
      runs: runs.map(({ error, ...run }) => ({ ...run, error: error?.code ?? null })),
      parked: parked.map(({ sequence, size, status }) => ({ sequence, size, status })),
    };
  } catch (error) {
    return { error: failureCode(error) };
  }
}

/** The token goes to the operators' port only where the agent answers at it. */
async function metricsOf(config: Config): Promise<string | null> {
  const signal = AbortSignal.timeout(METRICS_MS);
  const url = adminUrl(config);
  const { admin } = await findAgent(config, signal);
  if (url === null || admin?.kind !== 'agent') return null;
  const token = config.admin.token?.reveal();
  try {
    const answer = await askHere(`${url}/metrics`, { signal, ...(token === undefined ? {} : { token }) });
    return answer.status === 200 ? answer.text : null;
  } catch {
    return null;
  }
}

function writeNew(file: string, content: Buffer): void {
  let made = false;
  try {
    const handle = openSync(file, 'wx', 0o600);
    made = true;
    try {
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    if (made) rmSync(file, { force: true });
    const hint = 'Name a file that is not there yet, in a folder that this user may write in.';
    throw new AgentError('BUNDLE_FAILED', `The archive ${file} cannot be written (${failureCode(cause)}).`, {
      cause,
      hint,
    });
  }
}
