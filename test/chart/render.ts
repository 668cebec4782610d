import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { type Ended, runProgram } from '../kit/program.ts';
import { CHART, SCENARIOS } from './places.ts';

/** A Kubernetes object, as far as the checks look into one. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes have judged the shape before.
  readonly [field: string]: any;
}

interface Metadata {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What the chart makes of one file of values. */
export interface Render {
  /** The name of the file of values, without its ending. */
  readonly scenario: string;
  readonly text: string;
  readonly manifests: readonly Manifest[];
  /** Variables of the operator's own, which the file brings in. */
  readonly ownVariables: readonly string[];
}

/** Release and namespace of all renders. */
export const RELEASE = 'demo';
export const NAMESPACE = 'snyk';

/** The names of `helm/ci/*-values.yaml`, without that ending. */
export function scenarios(): string[] {
  return filesIn(SCENARIOS, ENDING).map((name) => name.slice(0, -ENDING.length));
}

const ENDING = '-values.yaml';

export const valuesOf = (scenario: string): string => join(SCENARIOS, `${scenario}${ENDING}`);

/**
 * The files of a folder in which all have one ending.
 *
 * @throws where one has another, and so would be looked at by nobody, and where there is none at all
 */
export function filesIn(folder: string, ending: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const [other] = names.filter((name) => !name.endsWith(ending));
  if (other !== undefined) throw new Error(`${join(folder, other)} does not end in ${ending}`);
  if (names.length === 0) throw new Error(`${folder} has no file`);
  return names.sort();
}

export interface TemplateOptions {
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
}

/** `helm template` of the chart, with the arguments that say which values. */
export function template(
  helm: string,
  values: readonly string[],
  { kubeVersion, apiVersions = [] }: TemplateOptions = {},
): Promise<Ended> {
  const version = kubeVersion === undefined ? [] : ['--kube-version', kubeVersion];
  const served = apiVersions.flatMap((name) => ['--api-versions', name]);
  return runProgram(helm, ['template', RELEASE, CHART, '-n', NAMESPACE, ...version, ...served, ...values]);
}

/** The variables that a file of values brings in by `extraEnv` and `extraSecrets`. */
export function variablesBroughtBy(scenario: string): string[] {
  const { extraEnv = [], extraSecrets = [] } = (parse(readFileSync(valuesOf(scenario), 'utf8')) ?? {}) as {
    extraEnv?: ReadonlyArray<{ readonly name: string }>;
    extraSecrets?: ReadonlyArray<{ readonly variable: string }>;
  };
  return [...extraEnv.map(({ name }) => name), ...extraSecrets.map(({ variable }) => `${variable}_FILE`)];
}

export function manifestsIn(text: string): Manifest[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}
