import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { EXCHANGES } from './exchanges.ts';
import { documentSchema, type OpenApi, readDocument, resolved } from './openapi-document.ts';
import { DOCUMENTED, ENVELOPE, type Fact } from './openapi-facts.ts';
import { parsed, wireCall } from './wire-call.ts';

/** Path of Atlassian's OpenAPI document of Bitbucket Data Center 9.4; it may not be kept in this repository. */
const path = process.env.BITBUCKET_OPENAPI;

type Schema = { readonly [key: string]: unknown };
type Properties = Readonly<Record<string, Schema>>;

/** The document's properties brought to the form of the facts: a type, an enum, the fields of what is nested. */
function shapeOfDocument(document: OpenApi, schema: Schema): unknown {
  const { type, enum: words, items, properties } = resolved(document, schema);
  if (words) return { oneOf: words };
  if (type === 'array') return { listOf: shapeOfDocument(document, items as Schema) };
  const fields = Object.keys((properties as Schema | undefined) ?? {}).sort();
  if (fields.length > 0) return { fields };
  return type ?? 'object';
}

function shapeOfFact(fact: Fact): unknown {
  if (typeof fact === 'string' || 'oneOf' in fact) return fact;
  if ('listOf' in fact)
    return { listOf: fact.listOf === 'string' ? 'string' : { fields: fieldsOf(fact.listOf) } };
  // The document writes an origin out once and leaves the origin's own origin away.
  const fields = fieldsOf(fact.entity);
  return { fields: fact.entity === 'RestRepository' ? fields.filter((name) => name !== 'origin') : fields };
}

const fieldsOf = (entity: keyof typeof DOCUMENTED) => Object.keys(DOCUMENTED[entity]).sort();

if (path === undefined) {
  it.skip('the document itself: BITBUCKET_OPENAPI=/path/to/bitbucket-dc-9.4.openapi.json npm test -- test/sandbox/openapi-document', () => {});
} else {
  const document = readDocument(path);

  describe('each fact is the document’s', () => {
    it.each(Object.entries(DOCUMENTED))('%s', (name, facts) => {
      const schema = document.components.schemas[name] ?? tokenBucket(document, name);
      const properties = schema.properties as Properties;
      const theirs = Object.entries(properties).map(([field, value]) => [
        field,
        shapeOfDocument(document, value),
      ]);
      const ours = Object.entries(facts).map(([field, fact]) => [field, shapeOfFact(fact)]);
      expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));
    });

    it('the envelope', () => {
      const page = document.paths['/api/latest/repos']?.get?.responses['200']?.content ?? {};
      const [list] = Object.values(page);
      const { values, ...properties } = (list?.schema?.properties ?? {}) as Properties;
      expect(values).toBeDefined();
      const theirs = Object.entries(properties).map(([field, value]) => [
        field,
        shapeOfDocument(document, value),
      ]);
      expect(Object.fromEntries(theirs)).toEqual(ENVELOPE);
    });
  });

  describe('every answer of the simulator passes the document’s own response schema', () => {
    let bitbucket: Bitbucket;
    beforeAll(async () => {
      bitbucket = await startBitbucket();
    });
    afterAll(() => bitbucket.close());

    const known = EXCHANGES.filter(({ template }) => template !== undefined);
    it.each(
      known.map(
        (exchange) =>
          [`${exchange.method ?? 'GET'} ${exchange.call} → ${exchange.status}`, exchange] as const,
      ),
    )('%s', async (_, exchange) => {
      const { call, method = 'GET', login = 'admin:admin-password', sent } = exchange;
      const write = sent === undefined ? {} : { body: sent };
      const answer = await wireCall(bitbucket.url, `/rest/api/latest${call}`, { method, login, ...write });
      const schema = documentSchema(document, exchange);
      expect(answer.status).toBe(exchange.status);
      if (schema === null) return;
      const check = new Ajv({ strict: true, strictTypes: false, allErrors: true }).compile(schema);
      check(parsed(answer));
      expect(check.errors).toBeNull();
    });
  });
}

/** The bucket's settings have no schema of their own in some editions; they are written out where they are used. */
function tokenBucket(document: OpenApi, name: string): Schema {
  const settings = document.components.schemas.RestRateLimitSettings?.properties as Properties | undefined;
  const written = name === 'RestTokenBucketSettings' ? settings?.defaultSettings : undefined;
  if (!written) throw new Error(`the document has no ${name}`);
  return written;
}
