import { writeFileSync } from 'node:fs';
import { readUsage, type Usage } from '../../audit/usage.ts';
import type { AcceptConfig } from '../../config/config.ts';
import { AgentError, ConfigError, failureCode } from '../../errors.ts';
import { type AcceptList, parseAcceptList } from '../../rules/accept-list.ts';
import { narrowedList } from '../../rules/narrowed-list.ts';
import { shownText } from '../../shown-text.ts';
import { EXIT } from '../ending.ts';
import { textTable } from '../text-table.ts';

export interface UsageCommand {
  readonly days?: string;
  readonly unusedFor: string;
  /** Where the proposed list goes; `-`: stdout, and everything else goes to stderr. */
  readonly acceptList?: string;
}

const DAY_MS = 86_400_000;
const MOST_REFUSED = 20;

/** Shows hits per rule, rules that nobody uses, what is refused most; proposes a list without the unused rules. */
export async function usage(
  folder: string,
  options: UsageCommand,
  accept: () => AcceptConfig,
): Promise<number> {
  const days = options.days === undefined ? undefined : numberOf('--days', options.days);
  const unusedDays = Math.min(numberOf('--unused-for', options.unusedFor), days ?? Number.POSITIVE_INFINITY);
  const { path, text } = accept();
  const { list, problems } = parseAcceptList(text, path);
  if (list === null || problems.length > 0) throw new ConfigError(problems);
  const now = Date.now();
  const found = await readUsage(folder, { now, ...(days === undefined ? {} : { days }) });
  const unused = unusedOf(list, found, now - unusedDays * DAY_MS);
  const output = options.acceptList === '-' ? process.stderr : process.stdout;
  output.write(`${report(found, list, unused, unusedDays)}\n`);
  if (options.acceptList !== undefined) {
    write(options.acceptList, narrowedList(text, list, new Set(unused)));
    output.write(`\n${warning(found, unusedDays, now)}\n`);
  }
  return EXIT.ok;
}

function numberOf(option: string, text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  const reason = 'is not a number of days from 1 to 99999';
  throw new ConfigError([{ where: `audit usage ${option}`, reason, example: '90' }]);
}

const unusedOf = ({ private: own, public: others }: AcceptList, { hits }: Usage, since: number): string[] =>
  [...own, ...others].map(({ id }) => id).filter((id) => (hits.get(id)?.lastAt ?? 0) < since);

function report(found: Usage, list: AcceptList, unused: readonly string[], unusedDays: number): string {
  const { from, to, records, hits, refused } = found;
  const known = [...list.private, ...list.public].map(({ id }) => id);
  const foreign = [...hits.keys()].filter((id) => !known.includes(id));
  const used = [...known.filter((id) => hits.has(id)), ...foreign].map((id) => {
    const use = hits.get(id);
    const name = known.includes(id) ? id : `${id} (no rule of today's list)`;
    return [shownText(name), String(use?.hits ?? 0), time(use?.lastAt)];
  });
  const kinds = refused
    .slice(0, MOST_REFUSED)
    .map(({ method, shape, reason, count, lastAt }) => [
      String(count),
      shownText(method),
      shownText(shape),
      shownText(reason),
      time(lastAt),
    ]);
  return [
    `${records} records, ${from ?? '-'} to ${to ?? '-'}`,
    `Rules that were used\n${table(['rule', 'hits', 'last'], used)}`,
    `Rules of ${shownText(list.file, 500)} not used for ${unusedDays} day(s)\n${
      unused.length === 0 ? 'none' : unused.map((id) => shownText(id)).join('\n')
    }`,
    `Refused most\n${table(['count', 'method', 'path', 'reason', 'last'], kinds)}`,
  ].join('\n\n');
}

const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0 ? 'none' : textTable(headings, rows);

const time = (at: number | undefined): string =>
  at === undefined || Number.isNaN(at) ? '-' : new Date(at).toISOString();

function warning({ from }: Usage, unusedDays: number, now: number): string {
  const reach = from === null ? 0 : Math.floor((now - Date.parse(from)) / DAY_MS);
  const short =
    reach < unusedDays
      ? `The trail that was read reaches back ${reach} day(s) only, less than the ${unusedDays} asked for. `
      : `The trail that was read reaches back ${reach} day(s). `;
  return `${short}A rule that is needed less often than that looks unused: read the proposed list before you use it.`;
}

function write(file: string, text: string): void {
  if (file === '-') {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (cause) {
    const exists = failureCode(cause) === 'EEXIST';
    const message = exists ? `${file} exists already.` : `${file} cannot be written (${failureCode(cause)}).`;
    throw new AgentError('CONFIG_INVALID', message, { cause, hint: 'Name a new file, or - for stdout.' });
  }
}
