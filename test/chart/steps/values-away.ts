import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { inTurn } from '../in-turn.ts';
import { CHART } from '../places.ts';
import { template, valuesOf } from '../render.ts';
import type { Stage, Step } from './step.ts';

interface Node {
  readonly [keyword: string]: unknown;
}

/** Values that have a default, and may be left to the platform. */
const EMPTY_MEANS_NONE = /(^|\.)resources(\.|$)|^dashboard\.labels$/;
/** Null says something else there than the default does. */
const DIFFERS = new RegExp(`${EMPTY_MEANS_NONE.source}|^podSecurity\\.`);
/** A part of each kind of value; the schema is compared with the rest. */
const TAKEN_AWAY = ['relay', 'networkPolicy.dns.ports', 'inventory.mode', 'networkPolicy.enabled'];

/**
 * A value that is null is as if it had no default, and so is one that `helm upgrade --reuse-values` lacks. Where there
 * is no empty value that the default is the same as, that must not pass in silence.
 */
export const valuesAway: Step = {
  name: 'a value without its default is refused, unless the default is empty',
  async run(stage) {
    const read = (name: string) => readFileSync(join(CHART, name), 'utf8');
    const { needed, empty } = sorted(JSON.parse(read('values.schema.json')), parse(read('values.yaml')), '');
    const refusals = await inTurn(TAKEN_AWAY, 2, async (path) => {
      const { stderr } = await template(stage.tools.helm, [...MINIMAL, '--set', `${path}=null`]);
      return stderr.includes('missing property')
        ? []
        : [`${path}=null is taken, or not explained: ${stderr}`];
    });
    return [...needed, ...refusals.flat(), ...(await emptied(stage, empty))];
  },
};

const MINIMAL = ['-f', valuesOf('minimal')];

/** What the schema misses, and the values that may be taken away. */
function sorted(schema: Node, defaults: Node, above: string): { needed: string[]; empty: string[] } {
  const properties = schema.properties as Record<string, Node>;
  const required = new Set(schema.required as string[] | undefined);
  const found = Object.entries(defaults).map(([name, value]) => {
    const path = above === '' ? name : `${above}.${name}`;
    const next = properties[name] ?? {};
    const isSection = isMap(value) && next.properties !== undefined && !EMPTY_MEANS_NONE.test(path);
    const isEmpty = !isSection && (EMPTY_MEANS_NONE.test(path) || takesNull(next) || isEmptyValue(value));
    const inside = isSection ? sorted(next, value, path) : { needed: [], empty: isEmpty ? [path] : [] };
    const flaws =
      required.has(name) === !isEmpty
        ? []
        : [`${path}: the schema should${isEmpty ? ' not' : ''} require it`];
    return { needed: [...flaws, ...inside.needed], empty: inside.empty };
  });
  return { needed: found.flatMap(({ needed }) => needed), empty: found.flatMap(({ empty }) => empty) };
}

const takesNull = ({ type }: Node): boolean => [type].flat().includes('null');

const isMap = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEmptyValue = (value: unknown): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

/** All that may be taken away, at once: the same objects must come of it. */
async function emptied({ tools }: Stage, empty: readonly string[]): Promise<string[]> {
  const values: Record<string, unknown> = {};
  for (const path of empty) if (!DIFFERS.test(path)) take(values, path.split('.'));
  const folder = makeTemporaryFolder('chart-values');
  try {
    const path = join(folder.path, 'values.yaml');
    writeFileSync(path, stringify(values));
    const before = await template(tools.helm, MINIMAL);
    const after = await template(tools.helm, ['-f', path, ...MINIMAL]);
    return after.code === 0 && after.stdout === before.stdout
      ? []
      : [`with null for every empty value it is not the same: ${after.stderr}`];
  } finally {
    folder.remove();
  }
}

function take(values: Record<string, unknown>, [name = '', ...rest]: readonly string[]): void {
  if (rest.length === 0) values[name] = null;
  else {
    values[name] ??= {};
    take(values[name] as Record<string, unknown>, rest);
  }
}
