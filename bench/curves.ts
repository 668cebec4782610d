/**
 * How costs grow: with rules from 10 to 1,000, calls at once from 1 to 256, repositories from 1,000 to 100,000.
 *
 * `npm run bench:curves` takes some minutes, prints tables and writes `bench/CURVES.md` and its pictures.
 * `npm run bench:curves -- --quick` takes seconds and writes nothing; `--only rules`, `calls` or `repositories` prints
 * that part and writes nothing. Exit code 1: something failed or answered wrongly. No time and no size makes it fail.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { callCurves } from './curves/calls.ts';
import { type Curve, type CurveFamily, exponentOf } from './curves/curve.ts';
import { decisionCurve } from './curves/decisions.ts';
import { listCurves } from './curves/lists.ts';
import { curvesReport, pictureFile, unitText } from './curves/report.ts';
import { repositoryCurves } from './curves/repositories.ts';
import { startCurve } from './curves/starts.ts';
import { type Field, openField } from './field.ts';
import { linePicture } from './picture.ts';

const WHOLE = {
  rules: [10, 32, 100, 320, 1_000],
  rounds: 5,
  atOnce: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  calls: 2_000,
  loads: 5,
  warmUp: 500,
  repositories: [1_000, 10_000, 100_000],
};
const QUICK: typeof WHOLE = {
  rules: [10, 100],
  rounds: 1,
  atOnce: [1, 8],
  calls: 200,
  loads: 1,
  warmUp: 50,
  repositories: [500, 1_000],
};
const MIB = 1024 * 1024;

const { values: given } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' } } });
const extent = given.quick === true ? QUICK : WHOLE;

async function onField<Result>(work: (field: Field) => Promise<Result>): Promise<Result> {
  const field = await openField();
  try {
    return await work(field);
  } finally {
    await field.close();
  }
}

const rules = async (): Promise<CurveFamily> => ({
  title: 'Rules',
  note: 'Plain rules have segments and names only. Of ten wildcard rules eight name a file in any folder, two a part of its name. A decision is measured warm; what is done once with a list is measured cold, in a process of its own. `diff` compares the list with one that has every second rule changed, `explain` names the rules nearest to a refused call. In the lists of the starts there are no rules for the inventory, so that is off there.',
  curves: [
    decisionCurve(extent.rules, 'plain'),
    decisionCurve(extent.rules, 'wildcard'),
    ...(await listCurves(extent.rules, extent.rounds)),
    await onField((field) => startCurve(field, extent.rules, extent.rounds)),
  ],
});

const calls = async (): Promise<CurveFamily> => ({
  title: 'Calls at once',
  note: 'A closed loop of calls for a page of 3 KB, through the real broker server, by a list of 130 rules. Each point has a process of its own, five loads of 2,000 calls, or eight times as many as are under way, and the median counts. The agent has had its first inventory run before, which its highest memory is of. The server, Bitbucket and the caller run on the same machine.',
  curves: await onField((field) => callCurves(field, { ...extent, rounds: extent.loads })),
});

const repositories = async (): Promise<CurveFamily> => ({
  title: 'Repositories',
  note: 'Half as many users beside them, and a project for every 250. The first run of `sync --once` sends everything, the second one finds nothing changed. `preview` shows all repositories as a table; `pull` reads the list `/essentials/v1/repositories` through the tunnel, 1,000 a page. CPU and memory are those of the agent.',
  curves: await repositoryCurves(extent.repositories),
});

const parts: Readonly<Record<string, () => Promise<CurveFamily>>> = { rules, calls, repositories };

/** Four digits, and the power that it grows with. */
function print(curve: Curve): void {
  console.log(`\n${curve.title}, ${unitText(curve)}, by ${curve.x}`);
  const rows = curve.lines.map((line) => {
    const power = exponentOf(line);
    const points = line.points.map(({ x, y }) => [x, Number(y.toPrecision(4))]);
    return [line.label, { ...Object.fromEntries(points), power: power === null ? '' : power.toFixed(2) }];
  });
  console.table(Object.fromEntries(rows));
}

function write(families: readonly CurveFamily[]): void {
  const { version } = createRequire(import.meta.url)('snyk-broker/package.json') as { version: string };
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / MIB / 1024);
  const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const report = curvesReport(families, {
    day: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${memory} GiB`,
    versions: [`Node ${process.version}`, `agent ${own.version}`, `snyk-broker ${version}`],
  });
  writeFileSync(new URL('CURVES.md', import.meta.url), report);
  const pictures = new URL('pictures/', import.meta.url);
  mkdirSync(pictures, { recursive: true });
  for (const curve of families.flatMap((family) => family.curves)) {
    const { title, x, lines } = curve;
    const picture = linePicture({ title, xLabel: x, yLabel: unitText(curve), logX: true, logY: true, lines });
    writeFileSync(new URL(pictureFile(curve), pictures), picture);
  }
}

const names = given.only === undefined ? Object.keys(parts) : [given.only];
const families: CurveFamily[] = [];
for (const name of names) {
  const part = parts[name];
  if (part === undefined) throw new Error(`there is no part ${name}: ${Object.keys(parts).join(', ')}`);
  const family = await part();
  family.curves.forEach(print);
  families.push(family);
}
if (given.quick !== true && given.only === undefined) write(families);
