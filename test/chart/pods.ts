import type { Manifest } from './render.ts';

/** The part of a manifest that becomes pods. */
export interface PodTemplate {
  /** `Kind/name` of what makes the pods. */
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes have judged the shape before.
  readonly spec: any;
  /** How many there are at most at the same time, those of a rolling update too. */
  readonly most: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly EnvVar[];
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: ReadonlyArray<{ readonly name?: string; readonly containerPort: number }>;
  readonly volumeMounts?: ReadonlyArray<{
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
  }>;
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes have judged the shape before.
  readonly [field: string]: any;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

/** The pods that a manifest makes; `null` for one that makes none. */
export function podTemplate(manifest: Manifest): PodTemplate | null {
  const { kind, metadata, spec } = manifest;
  const made = (pod: Manifest, most: number): PodTemplate => ({
    owner: `${kind}/${metadata.name}`,
    labels: pod.metadata?.labels ?? {},
    annotations: pod.metadata?.annotations ?? {},
    spec: pod.spec,
    most,
  });
  if (kind === 'Pod') return made(manifest, 1);
  if (kind === 'CronJob')
    return made(spec.jobTemplate.spec.template, spec.concurrencyPolicy === 'Forbid' ? 1 : 99);
  if (kind === 'Job') return made(spec.template, spec.parallelism ?? 1);
  if (kind === 'Deployment') return made(spec.template, (spec.replicas ?? 1) + surgeOf(spec));
  if (kind === 'StatefulSet') return made(spec.template, spec.replicas ?? 1);
  if (/^(DaemonSet|ReplicaSet|ReplicationController)$/.test(kind))
    throw new Error(`a ${kind} was not expected`);
  return null;
}

// biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes have judged the shape before.
function surgeOf({ strategy, replicas }: any): number {
  if (strategy?.type === 'Recreate') return 0;
  const surge = strategy?.rollingUpdate?.maxSurge ?? '25%';
  return typeof surge === 'number' ? surge : Math.ceil((Number.parseInt(surge, 10) / 100) * (replicas ?? 1));
}

export const podsIn = (manifests: readonly Manifest[]): PodTemplate[] =>
  manifests.map(podTemplate).filter((pod) => pod !== null);

export const containersOf = ({ spec }: PodTemplate): Container[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
];

/** Whether `helm test` makes it: it is not there while the release runs. */
export const isTest = (manifest: Manifest): boolean =>
  manifest.metadata.annotations?.['helm.sh/hook']?.startsWith('test') === true;
