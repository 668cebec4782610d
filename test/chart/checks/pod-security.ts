import { type Container, containersOf, type PodTemplate, podsIn } from '../pods.ts';
import type { Check } from './check.ts';

const VOLUMES = new Set([
  ...[
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ],
]);
const SECCOMP = new Set(['RuntimeDefault', 'Localhost']);

/**
 * Pod Security *restricted*, all its points, and what this chart promises beyond: no token of a service account, no
 * links of services, a root file system that is read-only, limits, numeric users.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export const podSecurity: Check = ({ manifests }) =>
  podsIn(manifests).flatMap((pod) => [
    ...ofPod(pod).map((flaw) => `${pod.owner}: ${flaw}`),
    ...containersOf(pod).flatMap((container) =>
      ofContainer(container, pod).map((flaw) => `${pod.owner}, container ${container.name}: ${flaw}`),
    ),
  ]);

function ofPod({ spec }: PodTemplate): string[] {
  const context = spec.securityContext ?? {};
  const kinds = (spec.volumes ?? []).map((volume: Record<string, unknown>) =>
    Object.keys(volume).filter((key) => key !== 'name'),
  );
  return told({
    'hostNetwork, hostPID or hostIPC': spec.hostNetwork || spec.hostPID || spec.hostIPC,
    'a volume of another kind': kinds.flat().some((kind: string) => !VOLUMES.has(kind)),
    'sysctls are set': (context.sysctls ?? []).length > 0,
    'the root group or user': [context.runAsUser, context.runAsGroup, context.fsGroup].includes(0),
    'SELinux options': context.seLinuxOptions !== undefined,
    'ephemeral containers': spec.ephemeralContainers !== undefined,
    'windowsOptions.hostProcess': context.windowsOptions?.hostProcess,
    'the service account has a token': spec.automountServiceAccountToken !== false,
    'links of services': spec.enableServiceLinks !== false,
  });
}

function ofContainer(container: Container, { spec }: PodTemplate): string[] {
  const context = container.securityContext ?? {};
  const ofPods = spec.securityContext ?? {};
  const seccomp = context.seccompProfile?.type ?? ofPods.seccompProfile?.type;
  return told({
    privileged: context.privileged,
    'privilege escalation is allowed': context.allowPrivilegeEscalation !== false,
    'not all capabilities are dropped': !(context.capabilities?.drop ?? []).includes('ALL'),
    'capabilities are added': (context.capabilities?.add ?? []).length > 0,
    'runAsNonRoot is not true': (context.runAsNonRoot ?? ofPods.runAsNonRoot) !== true,
    'the root user': (context.runAsUser ?? ofPods.runAsUser) === 0,
    'no seccomp profile': !SECCOMP.has(seccomp),
    'procMount is set': context.procMount !== undefined && context.procMount !== 'Default',
    'AppArmor is off': context.appArmorProfile?.type === 'Unconfined',
    'a port of the host': (container.ports ?? []).some((port) => 'hostPort' in port),
    'a probe or hook that names a host': namesHost(container),
    'the root file system can be written': context.readOnlyRootFilesystem !== true,
    'no limit of memory': container.resources?.limits?.memory === undefined,
  });
}

/** Restricted since 1.34: a probe or hook that names a host could reach others. */
function namesHost({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): boolean {
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.preStop, lifecycle?.postStart];
  return handlers.some(
    (handler) => handler?.httpGet?.host !== undefined || handler?.tcpSocket?.host !== undefined,
  );
}

const told = (flaws: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(flaws)
    .filter(([, found]) => Boolean(found))
    .map(([flaw]) => flaw);
