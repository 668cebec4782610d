import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHART } from '../places.ts';
import { outputOf } from '../program.ts';
import type { Tools } from '../tools.ts';
import type { Step } from './step.ts';

const README = join(CHART, 'README.md');
/** Strict: every value has its comment, with no exception. */
const ARGS = [
  '--dry-run',
  '--documentation-strict-mode',
  '--sort-values-order',
  'file',
  '--log-level',
  'error',
];
const NO_EXCEPTION = [
  '--documentation-strict-ignore-absent',
  '-',
  '--documentation-strict-ignore-absent-regex',
  '^$',
];

/** The chart's README as its template and the comments of values.yaml make it. */
const readme = (tools: Tools): Promise<string> =>
  outputOf(tools.docs, [...ARGS, ...NO_EXCEPTION, '--chart-search-root', CHART]);

export const documents: Step = {
  name: 'README is what helm-docs makes of the comments',
  async run({ tools }) {
    const same = (await readme(tools)).trim() === readFileSync(README, 'utf8').trim();
    return same ? [] : ['helm/README.md is out of date: npm run docs:chart'];
  },
};

export async function writeDocuments(tools: Tools): Promise<void> {
  writeFileSync(README, `${(await readme(tools)).trim()}\n`);
}
