import { type Container, containersOf, isTest, type PodTemplate, podsIn, podTemplate } from '../pods.ts';
import type { Manifest } from '../render.ts';
import type { Check } from './check.ts';

type Labels = Readonly<Record<string, string>>;

/** That what one object names in another is there: ports, labels, volumes, accounts. */
export const wiring: Check = ({ manifests }) => {
  const pods = podsIn(manifests);
  return [
    ...manifests.flatMap(selectsOwnPods),
    ...manifests.filter(({ kind }) => kind === 'Service').flatMap((service) => ofService(service, pods)),
    ...manifests.filter(({ kind }) => kind === 'StatefulSet').flatMap((set) => hasService(set, manifests)),
    ...manifests
      .filter(({ kind }) => kind === 'PodDisruptionBudget')
      .flatMap((budget) => ofBudget(budget, pods)),
    ...manifests.filter(({ kind }) => kind === 'Ingress').flatMap((ingress) => ofIngress(ingress, manifests)),
    ...manifests.filter(({ kind }) => kind === 'ServiceMonitor').flatMap((one) => ofMonitor(one, manifests)),
    ...pods.flatMap((pod) => [...ofVolumes(pod), ...containersOf(pod).flatMap((one) => ofProbes(one, pod))]),
    ...pods.flatMap((pod) => hasAccount(pod, manifests)),
  ];
};

export const fits = (selector: Labels | undefined, labels: Labels): boolean =>
  Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value);

function selectsOwnPods(manifest: Manifest): string[] {
  if (!/^(Deployment|StatefulSet)$/.test(manifest.kind)) return [];
  const pod = podTemplate(manifest);
  const { matchLabels } = manifest.spec.selector;
  return pod !== null && fits(matchLabels, pod.labels) ? [] : [`${pod?.owner} does not select its own pods`];
}

function ofService({ metadata, spec }: Manifest, pods: readonly PodTemplate[]): string[] {
  const name = `Service/${metadata.name}`;
  const selected = pods.filter((pod) => fits(spec.selector, pod.labels));
  if (selected.length === 0) return [`${name} selects no pod`];
  const owners = new Set(selected.map(({ owner }) => owner));
  if (owners.size > 1 && spec.clusterIP !== 'None')
    return [`${name} selects pods of ${[...owners].join(' and ')}`];
  return (spec.ports as Array<{ name?: string; port: number; targetPort?: string | number }>)
    .filter(
      ({ port, targetPort }) => !selected.some((pod) => hasPort(pod.spec.containers, targetPort ?? port)),
    )
    .map(({ port, targetPort }) => `${name}: no container has the port ${targetPort ?? port}`);
}

const hasPort = (containers: readonly Container[], wanted: string | number): boolean =>
  containers.some(({ ports = [] }) =>
    ports.some(({ name, containerPort }) => wanted === name || wanted === containerPort),
  );

function hasService({ metadata, spec }: Manifest, manifests: readonly Manifest[]): string[] {
  const there = manifests.some(
    ({ kind, metadata: { name } }) => kind === 'Service' && name === spec.serviceName,
  );
  return there ? [] : [`StatefulSet/${metadata.name}: there is no Service ${spec.serviceName}`];
}

function ofBudget({ metadata, spec }: Manifest, pods: readonly PodTemplate[]): string[] {
  const owners = pods
    .filter(({ labels }) => fits(spec.selector.matchLabels, labels))
    .map(({ owner }) => owner);
  const [owner = ''] = owners;
  if (owners.length === 1 && owner.startsWith('Deployment/')) return [];
  return [`PodDisruptionBudget/${metadata.name} selects ${owners.join(' and ') || 'nothing'}`];
}

function ofIngress({ metadata, spec }: Manifest, manifests: readonly Manifest[]): string[] {
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes have judged the shape before.
  const paths = spec.rules.flatMap(({ http }: any) => http.paths);
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return paths.flatMap(({ path, backend: { service } }: any) => {
    const target = manifests.find(
      ({ kind, metadata: { name } }) => kind === 'Service' && name === service.name,
    );
    const there = target?.spec.ports.some(
      (port: { name?: string; port: number }) =>
        port.name === service.port.name || port.port === service.port.number,
    );
    return [
      ...(there ? [] : [`Ingress/${metadata.name}: ${service.name} has no such port`]),
      ...(/^\/webhook\//.test(path) ? [] : [`Ingress/${metadata.name} leads ${path} in, not only webhooks`]),
    ];
  });
}

function ofMonitor({ metadata, spec }: Manifest, manifests: readonly Manifest[]): string[] {
  const targets = manifests.filter(
    ({ kind, metadata: { labels } }) => kind === 'Service' && fits(spec.selector.matchLabels, labels ?? {}),
  );
  const ports = targets.flatMap((target) => target.spec.ports as Array<{ name?: string }>);
  const missing = spec.endpoints.filter(
    ({ port }: { port?: string }) => !ports.some(({ name }) => name === port),
  );
  if (targets.length === 0) return [`ServiceMonitor/${metadata.name} selects no Service`];
  return missing.length === 0 ? [] : [`ServiceMonitor/${metadata.name}: no Service has that port`];
}

function ofVolumes(pod: PodTemplate): string[] {
  const claims = pod.owner.startsWith('StatefulSet/') ? null : [];
  const volumes = new Set((pod.spec.volumes ?? []).map(({ name }: { name: string }) => name));
  const mounted = containersOf(pod).flatMap(({ volumeMounts = [] }) => volumeMounts);
  const paths = containersOf(pod).flatMap(({ volumeMounts = [] }) => {
    const own = volumeMounts.map(({ mountPath }) => mountPath);
    return own.filter((path, index) => own.indexOf(path) !== index);
  });
  const idle = [...volumes].filter((name) => !mounted.some((mount) => mount.name === name));
  const missing = claims === null ? [] : mounted.filter(({ name }) => !volumes.has(name));
  return [
    ...missing.map(({ name }) => `${pod.owner}: there is no volume ${name}`),
    ...idle.map((name) => `${pod.owner}: nothing mounts the volume ${name}`),
    ...paths.map((path) => `${pod.owner}: two volumes are mounted at ${path}`),
  ];
}

function ofProbes(container: Container, pod: PodTemplate): string[] {
  const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;
  return probes.flatMap((name) => {
    const wanted = container[name]?.httpGet?.port;
    if (wanted === undefined || hasPort([container], wanted)) return [];
    return [`${pod.owner}: ${name} asks the port ${wanted}, which container ${container.name} has not`];
  });
}

function hasAccount(pod: PodTemplate, manifests: readonly Manifest[]): string[] {
  const { serviceAccountName: account } = pod.spec;
  const made = manifests.filter(({ kind }) => kind === 'ServiceAccount');
  if (made.length === 0 || made.some(({ metadata }) => metadata.name === account)) return [];
  return [`${pod.owner} runs as ${account}, and another ServiceAccount is made`];
}

/** Relay pods, those of their update and the writer: four tunnels is all that Snyk's side keeps for one token. */
export const budget: Check = ({ manifests }) => {
  const pods = podsIn(manifests.filter((manifest) => !isTest(manifest)));
  const most = pods.reduce((sum, pod) => sum + pod.most, 0);
  return most <= 4
    ? []
    : [`there may be ${most} pods with a tunnel: ${pods.map(({ owner }) => owner).join(', ')}`];
};
