import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHART } from '../places.ts';
import { outputOf } from '../program.ts';
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

export async function writeDocuments(tools: Tools): Promise<void> {
  writeFileSync(README, `${(await readme(tools)).trim()}\n`);
}
