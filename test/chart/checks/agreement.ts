import { DRAIN_MS } from '../../../src/agent/assembly.ts';
import { containersOf, isTest, type PodTemplate, podsIn } from '../pods.ts';
import type { Manifest } from '../render.ts';
import type { Check } from './check.ts';
import { fits } from './wiring.ts';

/** What the variables of several pods, or of a pod and its other fields, must have in common. */
export const agreement: Check = ({ manifests }) => {
  const own = manifests.filter((manifest) => !isTest(manifest));
  const pods = podsIn(own);
  return [
    ...highAvailability(pods),
    ...pods.flatMap((pod) => [...ofInventory(pod, own), ...ofPorts(pod), ...ofDrain(pod)]),
  ];
};

export function variablesOf(pod: PodTemplate): Readonly<Record<string, string>> {
  const env = containersOf(pod).flatMap((container) => container.env ?? []);
  return Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
}

function highAvailability(pods: readonly PodTemplate[]): string[] {
  const several = pods.reduce((sum, pod) => sum + pod.most, 0) > 1;
  return pods
    .filter((pod) => (variablesOf(pod).BROKER_HA_MODE_ENABLED === 'true') !== several)
    .map(({ owner }) => `${owner}: high availability is ${several ? 'off' : 'on'}, wrongly for so many pods`);
}

function ofInventory(pod: PodTemplate, manifests: readonly Manifest[]): string[] {
  const { INVENTORY_URL: url, HTTPS_PROXY_FILE, HTTP_PROXY_FILE, NO_PROXY = '' } = variablesOf(pod);
  if (url === undefined || url === 'off') return [];
  const { hostname, port } = new URL(url);
  const service = manifests.find(({ kind, metadata: { name } }) => kind === 'Service' && name === hostname);
  if (service === undefined) return [`${pod.owner}: INVENTORY_URL names ${hostname}, which is no Service`];
  const keepers = podsIn(manifests).filter(({ labels }) => fits(service.spec.selector, labels));
  const served = (service.spec.ports as ServicePort[]).find((one) => String(one.port) === port);
  const listens = keepers.some(
    (keeper) =>
      served !== undefined && variablesOf(keeper).INVENTORY_PORT === String(targetOf(served, keeper)),
  );
  const proxied = HTTPS_PROXY_FILE !== undefined || HTTP_PROXY_FILE !== undefined;
  return [
    ...(listens ? [] : [`${pod.owner}: nothing listens at ${url}`]),
    ...(proxied && !NO_PROXY.split(',').includes(hostname)
      ? [`${pod.owner}: ${hostname} is not in NO_PROXY`]
      : []),
  ];
}

interface ServicePort {
  readonly port: number;
  readonly targetPort?: string | number;
}

/** The port of the pod that a Service's port leads to. */
function targetOf({ port, targetPort = port }: ServicePort, pod: PodTemplate): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  const ports = containersOf(pod).flatMap((container) => container.ports ?? []);
  return ports.find(({ name }) => name === targetPort)?.containerPort;
}

function ofPorts(pod: PodTemplate): string[] {
  const declared = containersOf(pod).flatMap(({ ports = [] }) =>
    ports.map(({ containerPort }) => String(containerPort)),
  );
  const { PORT = '8000', ADMIN_PORT, ADMIN_HOST, RELAY_PORT, INVENTORY_PORT } = variablesOf(pod);
  const open = [PORT, ADMIN_HOST === '0.0.0.0' ? ADMIN_PORT : undefined, RELAY_PORT, INVENTORY_PORT];
  if (pod.owner.startsWith('CronJob/')) return [];
  return open
    .filter((port) => port !== undefined && !declared.includes(port))
    .map((port) => `${pod.owner}: the port ${port} is not among the container's`);
}

/** Seconds: what `run` gives calls under way, and some more for its end. */
const DRAIN = DRAIN_MS / 1000 + 3;

function ofDrain(pod: PodTemplate): string[] {
  const grace: number = pod.spec.terminationGracePeriodSeconds ?? 30;
  const [container] = containersOf(pod);
  const { sleep, exec } = container?.lifecycle?.preStop ?? {};
  const pause: number = sleep?.seconds ?? pauseOf(exec?.command ?? []);
  return grace >= pause + DRAIN
    ? []
    : [`${pod.owner}: ${grace} s to end are less than ${pause} s and ${DRAIN} s`];
}

/** Seconds that the hook takes where Kubernetes cannot wait by itself. */
const pauseOf = (command: readonly string[]): number =>
  Number(/setTimeout\(.*?,\s*(\d+)/.exec(command.join(' '))?.[1] ?? 0) / 1000;
