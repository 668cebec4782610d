import { podsIn } from '../pods.ts';
import { type Manifest, NAMESPACE } from '../render.ts';
import type { Check } from './check.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const COMMON = ['name', 'instance', 'version', 'managed-by', 'component'].map(
  (name) => `app.kubernetes.io/${name}`,
);
/** A StatefulSet's pods carry its name with 11 characters more as a label, a CronJob's Jobs its name with 11 more. */
const LONGEST: Readonly<Record<string, number>> = { StatefulSet: 52, CronJob: 52, Service: 63 };

/** Names and labels as the API server takes them, and the same labels everywhere. */
export const names: Check = ({ manifests, scenario }) => {
  const known = new Map<string, number>();
  for (const { kind, metadata } of manifests) {
    const name = `${kind}/${metadata.name}`;
    known.set(name, (known.get(name) ?? 0) + 1);
  }
  const twice = [...known].filter(([, count]) => count > 1).map(([name]) => `${name} is there twice`);
  const own = manifests.filter(({ metadata }) => metadata.labels?.['helm.sh/chart'] !== undefined);
  if (own.length === 0) return [`${scenario} has no object with the label helm.sh/chart`];
  return [...twice, ...manifests.flatMap(ofName), ...own.flatMap(ofLabels), ...labelsOfPods(manifests)];
};

function ofName({ kind, metadata }: Manifest): string[] {
  const { name, namespace } = metadata as Manifest['metadata'] & { namespace?: string };
  const fits = (kind === 'Service' ? LABEL : SUBDOMAIN).test(name) && name.length <= (LONGEST[kind] ?? 253);
  const elsewhere = namespace !== undefined && namespace !== NAMESPACE;
  return [
    ...(fits ? [] : [`${kind}/${name}: not a name, or longer than ${LONGEST[kind] ?? 253} characters`]),
    ...(elsewhere ? [`${kind}/${name} is for the namespace ${namespace}`] : []),
  ];
}

function ofLabels({ kind, metadata }: Manifest): string[] {
  const missing = COMMON.slice(0, 4).filter((label) => metadata.labels?.[label] === undefined);
  return [
    ...missing.map((label) => `${kind}/${metadata.name} has no label ${label}`),
    ...badValues(`${kind}/${metadata.name}`, metadata.labels ?? {}),
  ];
}

function labelsOfPods(manifests: readonly Manifest[]): string[] {
  return podsIn(manifests).flatMap(({ owner, labels }) => [
    ...badValues(`pods of ${owner}`, labels),
    ...(labels['app.kubernetes.io/component'] === undefined ? [`pods of ${owner} have no component`] : []),
  ]);
}

const badValues = (where: string, labels: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(labels)
    .filter(([, value]) => typeof value !== 'string' || value.length > 63 || !VALUE.test(value))
    .map(([label, value]) => `${where}: ${label} is ${JSON.stringify(value)}`);
