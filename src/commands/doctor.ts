import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Examination, openExamination } from '../agent/examination.ts';
import { gateProblems } from '../agent/gate.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { writeBundle } from '../doctor/bundle/bundle.ts';
import { createScrub } from '../doctor/bundle/scrub.ts';
import { configurationFindings } from '../doctor/checks/settings.ts';
import { countsOf, type Finding } from '../doctor/finding.ts';
import { ConfigError } from '../errors.ts';
import { createLog } from '../log.ts';
import { agentVersion } from '../version.ts';
import { dieLoudly, EXIT, ending } from './ending.ts';
import { findingLines } from './finding-lines.ts';

export interface DoctorCommandOptions {
  readonly json?: boolean;
  readonly identify?: boolean;
  readonly bundle?: string;
}

/** Shorter ones would mangle every line. */
const SHORTEST_SECRET = 8;

/** What there is to look at; nothing but the problems when the configuration cannot be used. */
type Patient =
  | { readonly config: Config; readonly examination: Examination }
  | { readonly config: null; readonly error: ConfigError };

/**
 * `bitbucket-agent doctor`: looks at everything the agent needs and says what to do. Exit code 0: no FAIL; 1: at least
 * one, or it was given up; 2: the configuration cannot be used, its problems are FAIL lines on stdout, or the command line cannot.
 */
export function doctor(options: DoctorCommandOptions): Promise<void> {
  return ending(async () => {
    const file = options.bundle === undefined ? null : resolve(options.bundle);
    if (file !== null && existsSync(file)) throw bundleExists(file);
    const patient = admit();
    const stop = new AbortController();
    const findings = await examined(patient, options.identify === true, stop);
    process.stdout.write(
      `${options.json === true ? asJson(findings) : findingLines(findings, process.stdout)}\n`,
    );
    if (file !== null) {
      const { config } = patient;
      const examination = config === null ? null : patient.examination;
      await writeBundle(file, {
        config,
        findings,
        gate: examination?.gate ?? null,
        inventory: examination?.inventory ?? null,
      });
      process.stderr.write(
        `The support archive is ${file}. Look through it before you send it to anybody.\n`,
      );
    }
    if (patient.config === null) return EXIT.config;
    return stop.signal.aborted || countsOf(findings).FAIL > 0 ? EXIT.defect : EXIT.ok;
  }, EXIT.defect);
}

function admit(): Patient {
  try {
    const config = loadConfig({ alsoWrong: gateProblems });
    const log = createLog('error', config.secrets, process.stderr);
    dieLoudly(log);
    return { config, examination: openExamination(config, log) };
  } catch (error) {
    if (error instanceof ConfigError) return { config: null, error };
    throw error;
  }
}

/** The first SIGINT or SIGTERM gives up what still runs, the tunnel is left in order; a second one exits at once. */
async function examined(
  patient: Patient,
  identify: boolean,
  stop: AbortController,
): Promise<readonly Finding[]> {
  if (patient.config === null) return configurationFindings(patient.error.problems, patient.error.hint);
  const leave = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(EXIT.defect);
    stop.abort(signal);
  };
  process.on('SIGINT', leave);
  process.on('SIGTERM', leave);
  try {
    const findings = await patient.examination.examine({ identify, stop: stop.signal });
    return withoutSecrets(findings, patient.config);
  } finally {
    await patient.examination.drain(stop.signal.aborted ? String(stop.signal.reason) : null);
    process.off('SIGINT', leave);
    process.off('SIGTERM', leave);
  }
}

/** As in the log: what others answer may repeat what they were sent. */
const withoutSecrets = (findings: readonly Finding[], { secrets }: Config): readonly Finding[] =>
  createScrub(secrets(), SHORTEST_SECRET).value(findings);

const asJson = (findings: readonly Finding[]): string =>
  JSON.stringify(
    {
      version: agentVersion,
      node: process.version,
      at: new Date().toISOString(),
      findings,
      counts: countsOf(findings),
    },
    null,
    2,
  );

function bundleExists(file: string): ConfigError {
  const reason = `${file} is there already, and is not overwritten`;
  return new ConfigError([{ where: 'doctor --bundle', reason, example: 'doctor --bundle support.tar.gz' }]);
}
