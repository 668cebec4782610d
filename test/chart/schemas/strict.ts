/** A JSON schema, or the form of it that OpenAPI documents have. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** The definitions of an OpenAPI document, by name. */
export type Definitions = Readonly<Record<string, Schema>>;

export interface KindOf {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const REF = '#/definitions/';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const QUANTITY_PATTERN = '^[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\\d+)?$';

/** Keywords that say the same in both worlds and hold no schema. */
const PLAIN = new Set([
  ...['type', 'required', 'enum', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength'],
  ...['minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties', 'multipleOf'],
]);
const LISTS = new Set(['allOf', 'anyOf', 'oneOf']);

/**
 * OpenAPI's schema as a JSON schema that takes no field it does not name, as the API server does with strict
 * validation. `null` is taken nowhere.
 */
export function strict(schema: Schema): Schema {
  if (schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true)
    return intOrString(schema);
  const made: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (PLAIN.has(keyword) || keyword === '$ref') made[keyword] = value;
    else if (keyword === 'properties') made[keyword] = eachStrict(value as Definitions);
    else if (keyword === 'items') made[keyword] = strict(value as Schema);
    else if (keyword === 'not') made[keyword] = partOfWhole(value as Schema);
    else if (LISTS.has(keyword)) made[keyword] = (value as Schema[]).map(partOfWhole);
    else if (keyword === 'additionalProperties') {
      made[keyword] = typeof value === 'object' ? strict(value as Schema) : value;
    }
  }
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (made.properties !== undefined && made.additionalProperties === undefined && !open)
    made.additionalProperties = false;
  return made;
}

/** A part of allOf, anyOf, oneOf or not names only what it adds: the whole says which fields there are. */
function partOfWhole(part: Schema): Schema {
  const { additionalProperties: _, ...rest } = strict({
    ...part,
    'x-kubernetes-preserve-unknown-fields': true,
  });
  return rest;
}

function intOrString({ pattern }: Schema): Schema {
  return { anyOf: [{ type: 'integer' }, { type: 'string', ...(pattern === undefined ? {} : { pattern }) }] };
}

const eachStrict = (schemas: Definitions): Record<string, Schema> =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, strict(schema)]));

const quantity: Schema = { anyOf: [{ type: 'number' }, { type: 'string', pattern: QUANTITY_PATTERN }] };

/** The kinds a document defines, with the name of the definition. */
export function kindsIn(definitions: Definitions): Array<KindOf & { readonly name: string }> {
  return Object.entries(definitions).flatMap(([name, schema]) => {
    const kinds = (schema['x-kubernetes-group-version-kind'] ?? []) as KindOf[];
    const [kind] = kinds;
    return kinds.length === 1 && kind !== undefined ? [{ ...kind, name }] : [];
  });
}

/** One kind's schema, with all definitions that it needs inside. */
export function schemaOfKind(definitions: Definitions, kind: KindOf & { readonly name: string }): Schema {
  const needed = new Map<string, Schema>();
  const waiting = [kind.name];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (needed.has(name)) continue;
    const source = definitions[name];
    if (source === undefined) throw new Error(`the definition ${name} is missing`);
    const made = name === QUANTITY ? quantity : strict(source);
    needed.set(name, made);
    waiting.push(...refsIn(made));
  }
  const root = needed.get(kind.name);
  return { ...withKind(root ?? {}, kind), definitions: Object.fromEntries(needed) };
}

/** The schema of one version of a CustomResourceDefinition. */
export function schemaOfResource(schema: Schema, kind: KindOf, metadata: Schema): Schema {
  const made = strict(schema);
  const { definitions, ...root } = metadata;
  const properties = { ...(made.properties as Definitions), metadata: root };
  return { ...withKind({ ...made, properties }, kind), definitions };
}

function withKind(schema: Schema, { group, version, kind }: KindOf): Schema {
  const properties = {
    ...(schema.properties as Definitions),
    apiVersion: { enum: [group === '' ? version : `${group}/${version}`] },
    kind: { enum: [kind] },
  };
  const required = new Set([...((schema.required ?? []) as string[]), 'apiVersion', 'kind', 'metadata']);
  return { ...schema, properties, required: [...required] };
}

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('$ref' in value && typeof value.$ref === 'string') return [value.$ref.slice(REF.length)];
  return Object.values(value).flatMap(refsIn);
}
