import { readFileSync } from 'node:fs';
import type { Exchange } from './exchanges.ts';
import { DEPARTURES, type EntityName } from './openapi-facts.ts';

type Schema = { readonly [key: string]: unknown };

/** Atlassian's document, as far as the tests read it. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

export function readDocument(path: string): OpenApi {
  return JSON.parse(readFileSync(path, 'utf8'));
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema with every `$ref` replaced by what it names; the schemas that are used here do not contain themselves. */
export function resolved(document: OpenApi, schema: Schema): Schema {
  const reference = schema.$ref;
  if (typeof reference === 'string') {
    const named = document.components.schemas[reference.replace('#/components/schemas/', '')];
    if (!named) throw new Error(`${reference} names nothing`);
    return resolved(document, named);
  }
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    return isSchema(value) ? resolved(document, value) : value;
  };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, walk(value)]));
}

/** Where the document is known to be wrong about a whole answer: each names what live servers do instead. */
const ERRATA: readonly {
  readonly why: string;
  readonly at: string;
  readonly mend: (schema: Schema) => Schema;
}[] = [
  {
    why: 'the 200 of /users is declared as one user; the server answers a page',
    at: '/users',
    mend: (schema) => paged(schema),
  },
  {
    why: 'the 200 of labels is declared as one label; the server answers a page',
    at: '/projects/{projectKey}/repos/{repositorySlug}/labels',
    mend: (schema) => paged(schema),
  },
];

const INTEGER = { type: 'integer' };

function paged(items: Schema): Schema {
  const envelope = {
    size: INTEGER,
    limit: INTEGER,
    start: INTEGER,
    isLastPage: { type: 'boolean' },
    nextPageStart: INTEGER,
  };
  return { type: 'object', properties: { ...envelope, values: { type: 'array', items } } };
}

/**
 * The document's own schema for an answer, with its errata mended. `null` where the document has no schema:
 * raw files, the list of webhooks, bodiless answers. Throws when it does not know the endpoint or the status.
 */
export function documentSchema(document: OpenApi, exchange: Exchange): Schema | null {
  const { template = '', method = 'GET', status } = exchange;
  const operation = document.paths[`/api/latest${template}`]?.[method.toLowerCase()];
  // The document has 200 for a webhook made; the simulator answers 201, as creations elsewhere do.
  const documented = operation?.responses[status === 201 ? '200' : String(status)];
  if (!documented) throw new Error(`${method} ${template} has no ${status} in the document`);
  const schema = Object.values(documented.content ?? {})[0]?.schema;
  if (!schema) return null;
  const plain = resolved(document, schema);
  const erratum = status === 200 ? ERRATA.find(({ at }) => at === template) : undefined;
  return closed(erratum ? erratum.mend(plain) : plain);
}

/** Whether an inlined object schema is the named entity: the document repeats entities where they are used. */
function entityOf(names: readonly string[]): EntityName | undefined {
  const has = (...wanted: string[]) => wanted.every((name) => names.includes(name));
  if (has('slug', 'displayName', 'emailAddress')) return 'RestApplicationUser';
  if (has('key', 'avatar')) return 'RestProject';
  if (has('exceptionName', 'message')) return 'RestErrorMessage';
  if (has('events', 'url')) return 'RestWebhook';
  if (has('latestCommit', 'displayId')) return 'RestBranch';
  return names.length === 3 && has('name', 'emailAddress', 'avatarUrl') ? 'RestPerson' : undefined;
}

/** The same schema, closed to undocumented fields except the named departures; `{}` stays open, as the document has it. */
function closed(schema: Schema): Schema {
  const items = schema.items;
  if (isSchema(items)) return { type: 'array', items: closed(items) };
  const fields = schema.properties;
  if (!isSchema(fields) || Object.keys(fields).length === 0) return plainType(schema);
  const entity = entityOf(Object.keys(fields));
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, isSchema(field) ? closed(field) : {}]),
  );
  for (const departure of DEPARTURES.filter((candidate) => candidate.entity === entity)) {
    for (const name of Object.keys(departure.fields)) properties[name] ??= {};
    for (const name of departure.nullable ?? [])
      properties[name] = { anyOf: [properties[name], { type: 'null' }] };
  }
  if ('nextPageStart' in fields) {
    // The last page of some lists says null (recorded); counts come with withCounts=true.
    properties.nextPageStart = { anyOf: [INTEGER, { type: 'null' }] };
    Object.assign(properties, { authorCount: INTEGER, totalCount: INTEGER });
  }
  return { type: 'object', properties, required: schema.required ?? [], additionalProperties: false };
}

/** Type and enum, without what JSON Schema has no word for (example, format, readOnly). */
function plainType({ type, enum: words, pattern }: Schema): Schema {
  return {
    ...(type === undefined ? {} : { type }),
    ...(words === undefined ? {} : { enum: words }),
    ...(pattern === undefined ? {} : { pattern }),
  };
}
