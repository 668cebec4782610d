import { ALWAYS, DEPARTURES, DOCUMENTED, ENVELOPE, type EntityName, type Fact } from './openapi-facts.ts';

export type Schema = Record<string, unknown>;

/** The `$id` the schemas are registered under. */
const FACTS_ID = 'facts';

const names = Object.keys(DOCUMENTED) as EntityName[];
const to = (entity: EntityName): Schema => ({ $ref: `${FACTS_ID}#/definitions/${entity}` });

function schemaOf(fact: Fact): Schema {
  if (fact === 'object') return {};
  if (typeof fact === 'string') return { type: fact };
  if ('oneOf' in fact) return { type: 'string', enum: fact.oneOf };
  if ('entity' in fact) return to(fact.entity);
  return { type: 'array', items: fact.listOf === 'string' ? { type: 'string' } : to(fact.listOf) };
}

function entitySchema(entity: EntityName): Schema {
  const departures = DEPARTURES.filter((departure) => departure.entity === entity);
  const fields: Record<string, Fact> = Object.assign(
    {},
    DOCUMENTED[entity],
    ...departures.map(({ fields }) => fields),
  );
  const nullable = new Set(departures.flatMap((departure) => departure.nullable ?? []));
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, fact]) => [
      name,
      nullable.has(name) ? { anyOf: [schemaOf(fact), { type: 'null' }] } : schemaOf(fact),
    ]),
  );
  return { type: 'object', properties, required: ALWAYS[entity] ?? [], additionalProperties: false };
}

/** All entities, closed: an answer may hold no field that is neither documented nor a named departure. */
export const FACTS_SCHEMA: Schema = {
  $id: FACTS_ID,
  definitions: Object.fromEntries(names.map((name) => [name, entitySchema(name)])),
};

/** The schema of an answer that is one entity. */
export function single(entity: EntityName): Schema {
  return to(entity);
}

/** The schema of an answer that is a page; the last page's nextPageStart may be null (recorded), and is absent otherwise. */
export function pageOf(entity: EntityName): Schema {
  const fields = Object.fromEntries(Object.entries(ENVELOPE).map(([name, fact]) => [name, schemaOf(fact)]));
  const counts = { authorCount: { type: 'integer' }, totalCount: { type: 'integer' } };
  const more = {
    properties: { isLastPage: { const: false }, nextPageStart: { type: 'integer' } },
    required: ['nextPageStart'],
  };
  const last = { properties: { isLastPage: { const: true }, nextPageStart: { type: 'null' } } };
  return {
    type: 'object',
    properties: {
      ...fields,
      ...counts,
      nextPageStart: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      values: { type: 'array', items: to(entity) },
    },
    required: ['isLastPage', 'limit', 'size', 'start', 'values'],
    additionalProperties: false,
    oneOf: [more, last],
  };
}
