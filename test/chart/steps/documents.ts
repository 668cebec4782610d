import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../../kit/program.ts';
import { CHART } from '../places.ts';
import { NAMESPACE, RELEASE, template, valuesOf } from '../render.ts';
import type { Tools } from '../tools.ts';
import type { Step } from './step.ts';

const README = join(CHART, 'README.md');
const ARGS = ['--dry-run', '--sort-values-order', 'file', '--log-level', 'error'];

/** The chart's README as its template and the comments of values.yaml make it. */
const readme = (tools: Tools): Promise<string> =>
  outputOf(tools.docs, [...ARGS, '--chart-search-root', CHART]);

export const documents: Step = {
  name: 'README is what helm-docs makes of the comments',
  async run({ tools }) {
    const made = await readme(tools);
    const bare = Array.from(made.matchAll(/^\| (\S+) \| \w+ \| .* \|\s*\|$/gm), ([, name = '']) => name);
    const same = made.trim() === readFileSync(README, 'utf8').trim();
    return [
      ...bare.map((name) => `${name} has no comment in values.yaml`),
      ...(same ? [] : ['helm/README.md is out of date: npm run docs:chart']),
    ];
  },
};

/** What a cluster gets is shown for these files of values, so that it can be read, and its changes too, without Helm. */
const SHOWN = ['minimal', 'cronjob'];
const SHOWN_FOR = '1.34.4';

const shownIn = (scenario: string): string => join(CHART, 'rendered', `${scenario}.yaml`);

async function shown({ helm }: Tools, scenario: string): Promise<string> {
  const { code, stdout, stderr } = await template(helm, ['--values', valuesOf(scenario)], {
    kubeVersion: SHOWN_FOR,
  });
  if (code !== 0) throw new Error(stderr);
  return `# helm template ${RELEASE} helm -n ${NAMESPACE} --values helm/ci/${scenario}-values.yaml --kube-version ${SHOWN_FOR}
# Made by npm run docs:chart.
${stdout.trim()}
`;
}

export const rendered: Step = {
  name: 'what is shown in helm/rendered is what helm template gives',
  async run({ tools }) {
    const texts = await Promise.all(SHOWN.map((scenario) => shown(tools, scenario)));
    return SHOWN.filter((scenario, index) => readFileSync(shownIn(scenario), 'utf8') !== texts[index]).map(
      (scenario) => `helm/rendered/${scenario}.yaml is out of date: npm run docs:chart`,
    );
  },
};

export async function writeDocuments(tools: Tools): Promise<void> {
  writeFileSync(README, `${(await readme(tools)).trim()}\n`);
  for (const scenario of SHOWN) writeFileSync(shownIn(scenario), await shown(tools, scenario));
}
