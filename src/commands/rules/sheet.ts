import { writeFileSync } from 'node:fs';
import { sheetHtml } from '../../agent/sheet/html.ts';
import { sheetMarkdown } from '../../agent/sheet/markdown.ts';
import { sheetOf } from '../../agent/sheet/sheet.ts';
import { ConfigError, failureCode } from '../../errors.ts';
import { EXIT, ending } from '../ending.ts';
import { loadList } from './load.ts';

export interface SheetOptions {
  readonly accept?: string;
  readonly format: 'md' | 'html';
  /** A file; without it the page goes to stdout. */
  readonly out?: string;
  /** Text for the date line; without it the line is blank. */
  readonly date?: string;
}

/** `bitbucket-agent rules sheet`: one page for the administrator who must sign the rules. */
export function sheet(options: SheetOptions): Promise<void> {
  return ending(async () => {
    const page = sheetOf(loadList(options.accept), options.date ?? null);
    const text = options.format === 'html' ? sheetHtml(page) : sheetMarkdown(page);
    if (options.out === undefined) process.stdout.write(text);
    else save(options.out, text);
    return EXIT.ok;
  }, EXIT.defect);
}

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const reason = `the file ${file} cannot be written (${failureCode(error)})`;
    throw new ConfigError([{ where: 'rules sheet --out', reason, example: './rule-sheet.html' }]);
  }
}
