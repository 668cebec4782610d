import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { sheetHtml } from '../src/agent/sheet/html.ts';
import { sheetMarkdown } from '../src/agent/sheet/markdown.ts';
import { sheetOf } from '../src/agent/sheet/sheet.ts';
import { loadList } from '../src/commands/rules/load.ts';

/** The sheets of the shipped list under `docs/`, by file name: nothing is set, and there is no date on them. */
export function shippedSheets(): Readonly<Record<string, string>> {
  const page = sheetOf(loadList(undefined, { env: {}, cwd: tmpdir() }));
  return { 'rule-sheet.md': sheetMarkdown(page), 'rule-sheet.html': sheetHtml(page) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(shippedSheets())) {
    writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
  }
}
