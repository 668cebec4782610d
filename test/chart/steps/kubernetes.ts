import { runProgram } from '../../kit/program.ts';
import { inTurn } from '../in-turn.ts';
import { manifestsIn, scenarios, template, valuesOf } from '../render.ts';
import { KUBERNETES } from '../schemas/sources.ts';
import type { Stage, Step } from './step.ts';

/**
 * Renders as that version would have it, in which an object of a kind it does not serve, or with a field it does not
 * know, is an error.
 */
export const kubernetes: readonly Step[] = KUBERNETES.map(({ version }) => ({
  name: `kubeconform -strict, Kubernetes ${version}`,
  async run(stage: Stage) {
    const names = scenarios();
    const apiVersions = stage.schemas.apiVersions(version).filter((name) => ASKED.test(name));
    const rendered = await inTurn(names, 2, async (scenario) => {
      const values = ['-f', valuesOf(scenario)];
      const ended = await template(stage.tools.helm, values, { kubeVersion: version, apiVersions });
      return { scenario, ...ended };
    });
    const failed = rendered.filter(({ code }) => code !== 0);
    const judged = await inTurn(
      rendered.filter(({ code }) => code === 0),
      2,
      async ({ scenario, stdout }) =>
        (await conform(stage, version, stdout)).map((flaw) => `${scenario}: ${flaw}`),
    );
    return [...failed.map(({ scenario, stderr }) => `${scenario}: ${stderr}`), ...judged.flat()];
  },
}));

/** What a chart asks for by `.Capabilities.APIVersions`; helm's own list has everything from every version. */
const ASKED = /^(batch|policy|networking\.k8s\.io|monitoring\.coreos\.com)\//;

/** Every object of the text must have been looked at. */
async function conform({ tools, schemas }: Stage, version: string, text: string): Promise<string[]> {
  const asked = ['-strict', '-kubernetes-version', version, '-schema-location', schemas.location];
  const args = [...asked, '-summary', '-output', 'json'];
  const { stdout, stderr } = await runProgram(tools.kubeconform, args, { stdin: text });
  if (stdout === '') return [stderr];
  const { resources = [], summary } = JSON.parse(stdout) as Judgement;
  const there = manifestsIn(text).length;
  const seen = summary.valid + resources.length;
  return [
    ...resources.map(({ kind, name, msg }) => `${kind}/${name}: ${msg}`),
    ...(seen === there && there > 0 ? [] : [`of ${there} objects ${seen} were looked at`]),
  ];
}

interface Judgement {
  readonly resources?: ReadonlyArray<{ readonly kind: string; readonly name: string; readonly msg: string }>;
  readonly summary: { readonly valid: number };
}
