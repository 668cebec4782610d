import { agreement } from '../checks/agreement.ts';
import type { Check } from '../checks/check.ts';
import { configuration } from '../checks/configuration.ts';
import { names } from '../checks/names.ts';
import { network } from '../checks/network.ts';
import { podSecurity } from '../checks/pod-security.ts';
import { secrets } from '../checks/secrets.ts';
import { budget, wiring } from '../checks/wiring.ts';
import { inTurn } from '../in-turn.ts';
import { manifestsIn, type Render, scenarios, template, valuesOf, variablesBroughtBy } from '../render.ts';
import { NEWEST } from '../schemas/sources.ts';
import type { Stage, Step } from './step.ts';

/** The chart with every file of values, for the newest Kubernetes; made once for all steps. */
export function renders({ tools, schemas }: Stage): Promise<readonly Render[]> {
  made ??= inTurn(scenarios(), 2, async (scenario) => {
    const options = { kubeVersion: NEWEST, apiVersions: schemas.apiVersions(NEWEST) };
    const { code, stdout, stderr } = await template(tools.helm, ['-f', valuesOf(scenario)], options);
    if (code !== 0) throw new Error(`${scenario}: ${stderr}`);
    return {
      scenario,
      text: stdout,
      manifests: manifestsIn(stdout),
      ownVariables: variablesBroughtBy(scenario),
    };
  });
  return made;
}

let made: Promise<readonly Render[]> | undefined;

const CHECKS: Readonly<Record<string, Check>> = {
  'what names another object names one that is there': wiring,
  'names and labels': names,
  'no more than four tunnels': budget,
  'Pod Security restricted': podSecurity,
  'network policies': network,
  'secrets stand in Secrets only': secrets,
  "the agent's own reader takes every container's configuration": configuration,
  'variables agree with each other and with their pods': agreement,
};

export const checks: readonly Step[] = Object.entries(CHECKS).map(([name, check]) => ({
  name,
  async run(stage: Stage) {
    const all = await renders(stage);
    return all.flatMap((render) => check(render).map((flaw) => `${render.scenario}: ${flaw}`));
  },
}));
