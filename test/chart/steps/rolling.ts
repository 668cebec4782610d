import { podsIn } from '../pods.ts';
import { manifestsIn, template, valuesOf } from '../render.ts';
import type { Stage, Step } from './step.ts';

/** Arguments of helm; each pair is a value before and after. */
const CHANGES: Readonly<Record<string, readonly [string, string]>> = {
  'a created secret': [
    'bitbucket.pat.existingSecret=,bitbucket.pat.value=first-access-token',
    'bitbucket.pat.existingSecret=,bitbucket.pat.value=second-access-token',
  ],
  'the accept list': ['acceptList.file=private: []', 'acceptList.file=public: []'],
  'the private CA': [
    'ca.pem=-----BEGIN CERTIFICATE-----one-----END CERTIFICATE-----',
    'ca.pem=-----BEGIN CERTIFICATE-----two-----END CERTIFICATE-----',
  ],
};

export const rolling: Step = {
  name: 'pods roll when what they have read is changed, and only then',
  async run(stage) {
    const flaws = await Promise.all(
      Object.entries(CHANGES).map(async ([what, [before, after]]) => {
        const first = await servers(stage, before);
        const [again, other] = [await servers(stage, before), await servers(stage, after)];
        return [
          ...(first.size > 0 ? [] : [`${what}: there are no pods`]),
          ...[...first]
            .filter(([owner, pod]) => again.get(owner) !== pod)
            .map(([owner]) => `${owner} is another each time`),
          ...[...first]
            .filter(([owner, pod]) => other.get(owner) === pod)
            .map(([owner]) => `${owner} misses ${what}`),
        ];
      }),
    );
    return flaws.flat();
  },
};

/** The pods that run on, by what makes them. */
async function servers({ tools }: Stage, set: string): Promise<ReadonlyMap<string, string>> {
  const { code, stdout, stderr } = await template(tools.helm, ['-f', valuesOf('minimal'), '--set', set]);
  if (code !== 0) throw new Error(stderr);
  const pods = podsIn(manifestsIn(stdout)).filter(({ owner }) => /^(Deployment|StatefulSet)\//.test(owner));
  return new Map(pods.map((pod) => [pod.owner, JSON.stringify([pod.labels, pod.annotations, pod.spec])]));
}
