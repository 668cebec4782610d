import { podsIn } from '../pods.ts';
import type { Manifest } from '../render.ts';
import type { Check } from './check.ts';
import { fits } from './wiring.ts';

/** Link-local addresses, and the one at which a cloud has its metadata by IPv6. */
const METADATA: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['169.254.0.0/16'],
  '::/0': ['fe80::/10', 'fd00:ec2::254/128'],
};

/** Where there are policies at all: every pod is under one for both directions, and none opens the way to metadata. */
export const network: Check = ({ manifests }) => {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
  if (policies.length === 0) return [];
  const bare = podsIn(manifests).flatMap(({ owner, labels }) =>
    ['Ingress', 'Egress']
      .filter(
        (type) =>
          !policies.some(
            ({ spec }) => spec.policyTypes.includes(type) && fits(spec.podSelector.matchLabels, labels),
          ),
      )
      .map((type) => `${owner} is under no NetworkPolicy for ${type}`),
  );
  return [...bare, ...policies.flatMap(opensTooMuch)];
};

interface Rule {
  readonly ports?: ReadonlyArray<{ readonly port?: number | string }>;
  readonly to?: ReadonlyArray<{
    readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  }>;
}

function opensTooMuch({ metadata, spec }: Manifest): string[] {
  const name = `NetworkPolicy/${metadata.name}`;
  return ((spec.egress ?? []) as Rule[]).flatMap((rule) => {
    const anyPort = (rule.ports ?? []).length === 0;
    const anywhere = (rule.to ?? []).length === 0;
    const namesOnly = !anyPort && (rule.ports ?? []).every(({ port }) => port === 53 || port === 5353);
    if (namesOnly) return [];
    const blocks = (rule.to ?? []).flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock]));
    const open = blocks.flatMap(({ cidr, except = [] }) =>
      (METADATA[cidr] ?? []).filter((hole) => !except.includes(hole)).map((hole) => `${hole} of ${cidr}`),
    );
    return [
      ...(anywhere ? [`${name} lets ${anyPort ? 'everything' : 'a port'} out to anywhere`] : []),
      ...open.map((hole) => `${name} lets calls out to ${hole}`),
    ];
  });
}
