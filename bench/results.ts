import { type Row, reaches } from './rows.ts';
import type { Summary } from './statistics.ts';

/** One measurement with its rows. */
export interface Group {
  readonly title: string;
  /** Markdown. */
  readonly how: string;
  readonly rows: readonly Row[];
  /** Path of its picture, as seen from the results; `null`: it has none. */
  readonly picture: string | null;
}

export interface Results {
  /** Names and values: machine, versions, date. */
  readonly circumstances: readonly (readonly [string, string])[];
  readonly rounds: number;
  readonly groups: readonly Group[];
  /** As `Group.picture`, of all figures with a target. */
  readonly overview: string | null;
}

/** How much more than the bare loop may be taken, by the ids of figures. */
export const BARE_LIMIT = 1.3;
const BESIDE_BARE = [
  'cpu-socket-small',
  'cpu-stream-small',
  'stream-rate-256',
  'stream-cpu-256',
  'memory-peak',
];

const COLUMNS = 'figure | this agent | official client | bare loop | to official | target | met | to bare';
const ALIGNMENT = '---|--:|--:|--:|--:|--:|---|--:';

/** RESULTS.md: everything that a run has seen. */
export function resultsMarkdown({ circumstances, rounds, groups, overview }: Results): string {
  const all = groups.flatMap(({ rows }) => rows);
  return `${[
    '# Results',
    'Written by `npm run bench`; a run takes some ten minutes and needs Linux. `npm run bench -- --quick` looks in a minute whether everything works, and writes nothing. `npm run bench -- --only TEXT` measures what has TEXT in its name.',
    table('what | with', '---|---', circumstances),
    verdict(all),
    ...pictureOf('All figures that have a target', overview),
    ...readingGuide(rounds),
    ...groups.flatMap(sectionOf),
    ...besideBare(all),
  ].join('\n\n')}\n`;
}

/** The same figures for a terminal, a line each. */
export function resultsLines(groups: readonly Group[]): string {
  const lines = groups.flatMap(({ rows }) => rows).map((row) => cellsOf(row).map(plain));
  const heads = COLUMNS.split(' | ');
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...lines.map((cells) => cells[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [heads, ...lines].map(line).join('\n');
}

function verdict(rows: readonly Row[]): string {
  const judged = rows.filter(({ met }) => met !== null);
  const missed = judged.filter(({ met }) => met === false);
  const count = `${judged.length - missed.length} of ${judged.length} targets are met.`;
  if (missed.length === 0) return `**${count}**`;
  return `**${count}** Missed:\n\n${missed.map((row) => `- ${missedLine(row)}`).join('\n')}`;
}

const missedLine = ({ figure, to }: Row): string =>
  `${figure.title}: ${to.official === null ? '' : number(to.official.median)} × the official client, the target is ${targetOf(figure)}`;

const readingGuide = (rounds: number): string[] => [
  [
    '**Who is measured.** This agent, run as users run it (`node dist/cli.js run`) with all features on: default log level, audit trail, metrics and operators’ port, time limits, and an inventory that it keeps; nothing that a user has by default is switched off.',
    'The official client: `snyk-broker` from npm with its defaults, except that it does not ask hosts outside.',
    'The bare loop: a small program that relays and does nothing else, without rules, audit and log, and with V8 as it comes (`bench/bare-agent.ts`); how far down it goes.',
  ].join(' '),
  [
    '**Where.** All stand before the same real broker server and the same Bitbucket stand-in, each a process of its own, on loopback, with the same accept list of 130 rules; the rule that allows what is asked stands in its middle.',
    'CPU and memory are read out of `/proc`, from outside the process.',
  ].join(' '),
  [
    `**How it is told.** ${rounds === 1 ? 'One round' : `${rounds} rounds`}: in each, fresh processes of all are measured one after the other, in turns as to who is first. A cell is the median with the lowest and the highest reading; a single number did not vary. What takes long or varies little is measured in some of the rounds only.`,
    '`to official` and `to bare` are ratios of the medians, with the spread of the ratios pair by pair, each of two readings of the same round. A target is a limit of that ratio.',
  ].join(' '),
];

function sectionOf({ title, how, rows, picture }: Group): string[] {
  return [`## ${title}`, how, table(COLUMNS, ALIGNMENT, rows.map(cellsOf)), ...pictureOf(title, picture)];
}

/** The second goal: what all features together may cost. */
function besideBare(rows: readonly Row[]): string[] {
  const lines = rows
    .filter(({ figure, to }) => BESIDE_BARE.includes(figure.id) && to.bare !== null)
    .map(({ figure, of, to: { bare } }) => {
      const limit = figure.better === 'less' ? BARE_LIMIT : 1 / BARE_LIMIT;
      const within = bare !== null && reaches(bare.median, figure.better, limit) ? 'yes' : '**no**';
      return [`${figure.title}, ${figure.unit}`, cell(of.agent), cell(of.bare), cell(bare), within];
    });
  if (lines.length === 0) return [];
  return [
    '## Beside the bare loop',
    `Rules, audit, log, metrics and limits together are to cost no more than ${BARE_LIMIT} × the bare loop; throughput is to be no less than 1 / ${BARE_LIMIT} of it.`,
    table('figure | this agent | bare loop | ratio | within', '---|--:|--:|--:|---', lines),
  ];
}

function cellsOf({ figure, of, to, met }: Row): string[] {
  return [
    `${figure.title}, ${figure.unit}`,
    ...[of.agent, of.official, of.bare, to.official].map(cell),
    figure.target === null ? '–' : targetOf(figure),
    met === null ? '–' : met ? 'yes' : '**no**',
    cell(to.bare),
  ];
}

const targetOf = ({ better, target }: Row['figure']): string =>
  `${better === 'less' ? '≤' : '≥'} ${target?.toFixed(2)} ×`;

const table = (heads: string, alignment: string, lines: readonly (readonly string[])[]): string =>
  [`| ${heads} |`, `|${alignment}|`, ...lines.map((cells) => `| ${cells.map(escaped).join(' | ')} |`)].join(
    '\n',
  );

const pictureOf = (title: string, path: string | null): string[] =>
  path === null ? [] : [`![${title}](${path})`];

function cell(summary: Summary | null): string {
  if (summary === null) return '–';
  const { median, low, high } = summary;
  return low === high ? number(median) : `${number(median)} (${number(low)} – ${number(high)})`;
}

/** Three digits that count. */
function number(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3);
}

const plain = (text: string): string => text.replaceAll('**', '');
const escaped = (text: string): string => text.replaceAll('|', '\\|');
