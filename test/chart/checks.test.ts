import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { agreement } from './checks/agreement.ts';
import type { Check } from './checks/check.ts';
import { configuration } from './checks/configuration.ts';
import { names } from './checks/names.ts';
import { network } from './checks/network.ts';
import { podSecurity } from './checks/pod-security.ts';
import { secrets } from './checks/secrets.ts';
import { budget, wiring } from './checks/wiring.ts';
import { type Manifest, manifestsIn } from './render.ts';

/** A chart in miniature, in which all is in order. */
const SOUND = `
apiVersion: v1
kind: Secret
metadata:
  name: demo
  labels: &labels
    helm.sh/chart: bitbucket-agent-0.1.0
    app.kubernetes.io/name: bitbucket-agent
    app.kubernetes.io/instance: demo
    app.kubernetes.io/version: 0.1.0
    app.kubernetes.io/managed-by: Helm
data:
  BROKER_TOKEN: ${Buffer.from('3b1f8a54-6f1c-4c5e-9d27-0a6b4f1e2c3d').toString('base64')}
  BITBUCKET_PAT: ${Buffer.from('a-personal-access-token').toString('base64')}
---
apiVersion: v1
kind: Service
metadata:
  name: demo-webhook
spec:
  selector: { app.kubernetes.io/component: relay }
  ports: [{ name: http, port: 80, targetPort: public }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: demo-relay
spec:
  selector: { matchLabels: { app.kubernetes.io/component: relay } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: demo-relay
spec:
  podSelector: { matchLabels: { app.kubernetes.io/component: relay } }
  policyTypes: [Ingress, Egress]
  egress:
    - ports: [{ port: 53 }]
    - ports: [{ port: 443 }]
      to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [169.254.0.0/16] } }]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: demo-relay
spec:
  replicas: 3
  strategy: { rollingUpdate: { maxSurge: 1 } }
  selector: { matchLabels: { app.kubernetes.io/component: relay } }
  template:
    metadata:
      labels: { app.kubernetes.io/component: relay }
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 25
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: agent
          image: registry.example.com/agent:0.1.0
          args: [run]
          env:
            - { name: BITBUCKET_URL, value: "https://bitbucket.example.com" }
            - { name: BROKER_TOKEN_FILE, value: /run/secrets/agent/BROKER_TOKEN }
            - { name: BITBUCKET_PAT_FILE, value: /run/secrets/agent/BITBUCKET_PAT }
            - { name: BROKER_HA_MODE_ENABLED, value: "true" }
          ports: [{ name: public, containerPort: 8000 }]
          livenessProbe: { httpGet: { path: /livez, port: public } }
          lifecycle: { preStop: { sleep: { seconds: 5 } } }
          resources: { limits: { memory: 256Mi } }
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: { drop: [ALL] }
            readOnlyRootFilesystem: true
          volumeMounts: [{ name: secrets, mountPath: /run/secrets/agent }]
      volumes:
        - name: secrets
          projected:
            sources:
              - secret: { name: demo, items: [{ key: BROKER_TOKEN, path: BROKER_TOKEN }] }
              - secret: { name: demo, items: [{ key: BITBUCKET_PAT, path: BITBUCKET_PAT }] }
`;

const CHECKS = { wiring, names, budget, podSecurity, network, secrets, configuration, agreement };

function flawsOf(manifests: readonly Manifest[], check: Check): string[] {
  return check({ scenario: 'demo', text: '', manifests, ownVariables: [] });
}

/** The sound chart with a field changed. The path begins with the kind, and has `~` for a `/`; `undefined` takes the field away. */
function changed(path: string, value: unknown): Manifest[] {
  const documents = parseAllDocuments(SOUND);
  if (!Array.isArray(documents)) throw new Error('there is nothing');
  const [kind, ...keys] = path
    .split('/')
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key.replace('~', '/')));
  const document = documents.find((one) => one.get('kind') === kind);
  if (document === undefined) throw new Error(`there is no ${kind}`);
  if (value === undefined) document.deleteIn(keys);
  else document.setIn(keys, document.createNode(value));
  return documents.map((one) => one.toJS() as Manifest);
}

const POD = 'Deployment/spec/template/spec';
const CONTAINER = `${POD}/containers/0`;
const META = 'Deployment/spec/template/metadata';

describe('the checks of renders', () => {
  it.each(Object.entries(CHECKS))('%s finds nothing in a sound chart', (_, check) => {
    expect(flawsOf(manifestsIn(SOUND), check)).toEqual([]);
  });

  it.each<[keyof typeof CHECKS, string, unknown, RegExp]>([
    ['podSecurity', `${POD}/securityContext/runAsNonRoot`, undefined, /runAsNonRoot is not true/],
    ['podSecurity', `${POD}/securityContext/seccompProfile`, undefined, /no seccomp profile/],
    ['podSecurity', `${POD}/securityContext/runAsUser`, 0, /root/],
    ['podSecurity', `${POD}/hostNetwork`, true, /hostNetwork/],
    ['podSecurity', `${POD}/volumes/0`, { name: 'secrets', hostPath: { path: '/' } }, /another kind/],
    ['podSecurity', `${POD}/automountServiceAccountToken`, undefined, /has a token/],
    ['podSecurity', `${CONTAINER}/securityContext/privileged`, true, /privileged/],
    ['podSecurity', `${CONTAINER}/securityContext/allowPrivilegeEscalation`, undefined, /escalation/],
    ['podSecurity', `${CONTAINER}/securityContext/capabilities`, { drop: ['NET_RAW'] }, /capabilities/],
    ['podSecurity', `${CONTAINER}/securityContext/capabilities/add`, ['SYS_PTRACE'], /are added/],
    ['podSecurity', `${CONTAINER}/securityContext/readOnlyRootFilesystem`, false, /can be written/],
    ['podSecurity', `${CONTAINER}/ports/0/hostPort`, 8000, /port of the host/],
    ['podSecurity', `${POD}/initContainers`, [{ name: 'first', image: 'x' }], /container first/],
    ['wiring', 'Service/spec/ports/0/targetPort', 'pubic', /no container has the port pubic/],
    ['wiring', 'Service/spec/selector', { 'app.kubernetes.io/component': 'x' }, /selects no pod/],
    ['wiring', 'PodDisruptionBudget/spec/selector/matchLabels', { a: 'b' }, /selects nothing/],
    ['wiring', 'Deployment/spec/selector/matchLabels', { a: 'b' }, /does not select its own pods/],
    ['wiring', `${CONTAINER}/livenessProbe/httpGet/port`, 'pubic', /asks the port pubic/],
    ['wiring', `${CONTAINER}/volumeMounts/0/name`, 'secret', /there is no volume secret/],
    ['budget', 'Deployment/spec/replicas', 4, /5 pods with a tunnel/],
    ['budget', 'Deployment/spec/strategy/rollingUpdate/maxSurge', '50%', /5 pods with a tunnel/],
    ['network', 'NetworkPolicy/spec/podSelector/matchLabels', { a: 'b' }, /under no NetworkPolicy/],
    ['network', 'NetworkPolicy/spec/policyTypes', ['Ingress'], /for Egress/],
    ['network', 'NetworkPolicy/spec/egress/1/to/0/ipBlock/except', undefined, /169\.254\.0\.0\/16/],
    ['network', 'NetworkPolicy/spec/egress/1/to', undefined, /out to anywhere/],
    ['secrets', `${CONTAINER}/args`, ['run', '--token=a-personal-access-token'], /shows BITBUCKET_PAT/],
    ['secrets', `${META}/annotations`, { x: 'YS1wZXJzb25hbC1hY2Nlc3MtdG9rZW4=' }, /shows BITBUCKET_PAT/],
    ['secrets', `${CONTAINER}/env/2`, { name: 'BITBUCKET_PAT', value: 'x' }, /must be BITBUCKET_PAT_FILE/],
    ['names', 'Service/metadata/name', 'Demo', /not a name/],
    ['names', 'Secret/metadata/labels/app.kubernetes.io~version', 1.1, /is 1\.1/],
    ['names', `${META}/labels`, {}, /have no component/],
    ['configuration', `${CONTAINER}/env/0/value`, 'bitbucket.example.com', /BITBUCKET_URL/],
    ['configuration', `${CONTAINER}/env/0/name`, 'BITBUCKET_ULR', /BITBUCKET_ULR is no variable/],
    ['configuration', `${CONTAINER}/env/3/name`, 'BROKER_TOKEN_FILE', /is set twice/],
    ['configuration', `${CONTAINER}/env/2/value`, '/run/secrets/agent/PAT', /cannot be read/],
    ['configuration', `${CONTAINER}/args`, ['serve'], /started with serve/],
    ['configuration', `${POD}/volumes/0/projected/sources/0/secret/items/0/key`, 'TOKEN', /has no key TOKEN/],
    ['agreement', `${CONTAINER}/env/3/value`, 'false', /high availability is off/],
    ['agreement', `${CONTAINER}/env/0`, { name: 'PORT', value: '9000' }, /the port 9000/],
    [
      'agreement',
      `${CONTAINER}/env/0`,
      { name: 'INVENTORY_URL', value: 'http://x:8003' },
      /which is no Service/,
    ],
    ['agreement', `${POD}/terminationGracePeriodSeconds`, 10, /10 s to end are less/],
  ])('%s finds a flaw at %s = %j', (name, path, value, flaw) => {
    const found = flawsOf(changed(path, value), CHECKS[name]);
    expect(found.join('\n')).toMatch(flaw);
  });
});
