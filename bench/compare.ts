/**
 * This agent, the official client and a bare loop, side by side on the same field: `npm run bench`. Writes
 * `bench/RESULTS.md` and `bench/pictures/*.svg`.
 *
 * `--quick`: one round, few calls, short streams: whether it works. `--rounds N`; `--only TEXT…`: measurements and
 * figures that have one of the texts in their name. With `--quick` and `--only` nothing is written. Exit code 1:
 * something is broken; no time and no size makes it fail.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { calls } from './figures/calls.ts';
import { decision } from './figures/decision.ts';
import { installedSize } from './figures/installed-size.ts';
import { memory } from './figures/memory.ts';
import { reconnect } from './figures/reconnect.ts';
import { saturation } from './figures/saturation.ts';
import { slowLink } from './figures/slow-link.ts';
import { start } from './figures/start.ts';
import { streams } from './figures/streams.ts';
import { circumstances } from './machine.ts';
import type { Measurement } from './measurement.ts';
import { pictureOf } from './pictures.ts';
import { type Group, resultsLines, resultsMarkdown } from './results.ts';
import { measureAll } from './rounds.ts';
import { rowOf } from './rows.ts';

/** In the order of a round: what needs fresh processes comes first. */
const MEASUREMENTS = [
  start,
  memory,
  calls,
  saturation,
  streams,
  slowLink,
  reconnect,
  decision,
  installedSize,
];
const ROUNDS = 5;

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const { quick } = given;
const wanted = [...given.only, ...positionals];
const rounds = Number(given.rounds ?? (quick ? 1 : ROUNDS));
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error(`--rounds ${given.rounds}: 1 or more`);
const measurements = MEASUREMENTS.filter(({ name, figures }) => {
  const names = [name, ...figures.map(({ id }) => id)];
  return wanted.length === 0 || wanted.some((text) => names.some((each) => each.includes(text)));
});
if (measurements.length === 0) throw new Error(`nothing is called ${wanted.join(' or ')}`);

// What is started and laid down is undone at the exit of this process, which a signal alone would skip.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const begun = performance.now();
const samples = await measureAll({ measurements, rounds, quick, progress: (text) => console.error(text) });
const groups = measurements.map(groupOf);
console.log(resultsLines(groups));
if (quick) console.log('A quick run says whether everything works; its figures say nothing.');
if (!quick && wanted.length === 0) write(groups);
console.error(`${((performance.now() - begun) / 1000).toFixed(0)} s in all`);

function groupOf({ name, title, how, figures }: Measurement): Group {
  const rows = figures.map((figure) => rowOf(figure, samples));
  return { title, how, rows, picture: `pictures/${name}.svg` };
}

function write(all: readonly Group[]): void {
  const placeOf = (name: string) => new URL(name, import.meta.url);
  mkdirSync(placeOf('pictures'), { recursive: true });
  const draw = (path: string, title: string, rows: Group['rows']) => {
    const picture = pictureOf(title, rows);
    if (picture !== null) writeFileSync(placeOf(path), picture);
    return picture === null ? null : path;
  };
  const judged = all.flatMap(({ rows }) => rows).filter(({ met }) => met !== null);
  const overview = draw('pictures/overview.svg', 'This agent beside the official client', judged);
  const drawn = all.map((group) => ({
    ...group,
    picture: group.picture === null ? null : draw(group.picture, group.title, group.rows),
  }));
  const results = { circumstances: circumstances(new Date()), rounds, groups: drawn, overview };
  writeFileSync(placeOf('RESULTS.md'), resultsMarkdown(results));
}
