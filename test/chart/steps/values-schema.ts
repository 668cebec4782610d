import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { CHART } from '../places.ts';
import { scenarios, template, valuesOf } from '../render.ts';
import type { Step } from './step.ts';

interface Node {
  readonly [keyword: string]: unknown;
}

/** Values that Kubernetes gives a shape of its own, judged by its schemas when they are rendered. `*`: at any place. */
const FREE = [
  ...['commonLabels', 'commonAnnotations', '*.annotations', '*.labels', '*.podAnnotations', '*.podLabels'],
  ...['*.nodeSelector', '*.affinity', '*.tolerations', '*.topologySpreadConstraints', '*.resources'],
  ...['*.from', '*.to', 'networkPolicy.extraIngress', 'networkPolicy.extraEgress'],
  ...['extraEnv', 'extraVolumes', 'extraVolumeMounts', 'extraObjects', 'acceptList.inline', 'global'],
  ...['serviceMonitor.metricRelabelings', 'imagePullSecrets'],
];

const isFree = (path: string): boolean => {
  const whole = `.${path.replaceAll('[', '.[')}.`;
  return FREE.some((free) =>
    free.startsWith('*.') ? whole.includes(`.${free.slice('*.'.length)}.`) : whole.startsWith(`.${free}.`),
  );
};

export const valuesSchema: Step = {
  name: 'a wrong name at any level of the values is refused',
  async run({ tools }) {
    const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as Node;
    const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Node;
    const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
    const [scenario = ''] = scenarios();
    const files = ['-f', valuesOf(scenario), '--set', 'relay.replica=3'];
    const { code, stderr } = await template(tools.helm, files);
    return [
      ...looseNodes(schema, schema, ''),
      ...unknownTaken(validate, values, values, ''),
      ...undeclared(schema, values),
      ...(code !== 0 && stderr.includes('replica')
        ? []
        : ['helm takes relay.replica, a name that there is not']),
    ];
  },
};

/** Objects of the schema that take any name, and leaves that take anything. */
function looseNodes(root: Node, node: Node, path: string): string[] {
  if (isFree(path)) return [];
  const at = resolved(root, node);
  const properties = at.properties as Record<string, Node> | undefined;
  const typed = ['type', 'enum', 'const', 'oneOf', 'anyOf'].some((keyword) => keyword in at);
  const types = [at.type].flat();
  const loose = types.includes('object') && at.additionalProperties !== false;
  const items = at.items as Node | undefined;
  return [
    ...(typed ? [] : [`${path}: the schema takes anything`]),
    ...(loose ? [`${path}: the schema takes names that there are not`] : []),
    ...(types.includes('array') && items === undefined ? [`${path}: the schema takes any list`] : []),
    ...Object.entries(properties ?? {}).flatMap(([name, next]) => looseNodes(root, next, below(path, name))),
    ...(items === undefined ? [] : looseNodes(root, items, `${path}[]`)),
  ];
}

/** The node with what it refers to, and what all of its parts say. */
function resolved(root: Node, node: Node): Node {
  const { $ref: ref, allOf, ...own } = node;
  const parts = ((allOf ?? []) as Node[]).map((part) => resolved(root, part));
  if (typeof ref !== 'string') return Object.assign({}, ...parts, own);
  const found = ref
    .slice('#/'.length)
    .split('/')
    .reduce<unknown>((at, part) => (at as Node | undefined)?.[part], root);
  if (found === undefined) throw new Error(`the schema has no ${ref}`);
  return Object.assign(resolved(root, found as Node), ...parts, own);
}

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** The real values with one name more, at each object in turn. */
function unknownTaken(validate: ValidateFunction, whole: Node, at: Node, path: string): string[] {
  const inside = Object.entries(at).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? unknownTaken(validate, whole, value as Node, below(path, name))
      : [],
  );
  if (isFree(path)) return inside;
  const wrong = structuredClone(whole) as Record<string, unknown>;
  const parts = path === '' ? [] : path.split('.');
  const place = parts.reduce<Record<string, unknown>>(
    (node, name) => node[name] as Record<string, unknown>,
    wrong,
  );
  place.nameThatIsNone = true;
  validate(wrong);
  const refused = validate.errors?.some(
    ({ keyword, params }) =>
      keyword === 'additionalProperties' && params.additionalProperty === 'nameThatIsNone',
  );
  return refused ? inside : [...inside, `${path || 'the top'}: a name that there is not is taken`];
}

/** Names of the schema without a default, and the other way round. */
function undeclared(schema: Node, values: Node): string[] {
  const ofSchema = new Set(leaves(schema, schema, ''));
  const ofValues = new Set(pathsOf(values, ''));
  return [
    ...[...ofSchema]
      .filter((path) => !ofValues.has(path) && path !== 'global')
      .map((path) => `${path} has no default`),
    ...[...ofValues].filter((path) => !ofSchema.has(path)).map((path) => `${path} is not in the schema`),
  ];
}

function leaves(root: Node, node: Node, path: string): string[] {
  const properties = resolved(root, node).properties as Record<string, Node> | undefined;
  if (isFree(path) || properties === undefined) return [path];
  return Object.entries(properties).flatMap(([name, next]) => leaves(root, next, below(path, name)));
}

function pathsOf(value: unknown, path: string): string[] {
  if (isFree(path) || typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([name, next]) => pathsOf(next, below(path, name)));
}
