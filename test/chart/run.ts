import { chartSchemas } from './schemas/schemas.ts';
import { acceptListFile } from './steps/accept-list-file.ts';
import { advice } from './steps/advice.ts';
import { documents, rendered, writeDocuments } from './steps/documents.ts';
import { kubernetes } from './steps/kubernetes.ts';
import { lint } from './steps/lint.ts';
import { packaged } from './steps/package.ts';
import { checks } from './steps/renders.ts';
import { rolling } from './steps/rolling.ts';
import type { Step } from './steps/step.ts';
import { unittest } from './steps/unittest.ts';
import { valuesAway } from './steps/values-away.ts';
import { valuesDescriptions } from './steps/values-descriptions.ts';
import { valuesSchema } from './steps/values-schema.ts';
import { variables } from './steps/variables.ts';
import { chartTools, ToolsMissing } from './tools.ts';

const STEPS: readonly Step[] = [
  lint,
  valuesSchema,
  valuesAway,
  valuesDescriptions,
  ...kubernetes,
  ...checks,
  variables,
  rolling,
  acceptListFile,
  advice,
  unittest,
  documents,
  rendered,
  packaged,
];

/**
 * Everything that is proved of the chart without a cluster. Arguments: words, to run only the steps whose names have
 * one of them; `--write-documents` makes the README and the renders that are shown anew instead.
 */
async function main(words: readonly string[]): Promise<boolean> {
  const tools = await timed('programs', chartTools);
  if (words.includes('--write-documents')) {
    await writeDocuments(tools);
    return true;
  }
  const schemas = await timed('schemas', chartSchemas);
  const wanted = STEPS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (wanted.length === 0) throw new Error(`no step has ${words.join(' or ')} in its name`);
  let flaws = 0;
  for (const step of wanted) {
    const found = await timed(step.name, () => step.run({ tools, schemas }).catch(thrown));
    flaws += found.length;
    for (const flaw of found) console.log(`    ✗ ${flaw.trimEnd().replaceAll('\n', '\n      ')}`);
  }
  console.log(flaws === 0 ? `${wanted.length} steps, all well.` : `${flaws} flaw(s).`);
  return flaws === 0;
}

const thrown = (error: unknown): string[] => [
  error instanceof Error ? (error.stack ?? error.message) : String(error),
];

async function timed<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  const result = await work();
  console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${name}`);
  return result;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof ToolsMissing)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
