import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { type Definitions, kindsIn, schemaOfKind, schemaOfResource } from './schemas/strict.ts';

const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** In the shape of Kubernetes' OpenAPI document. */
const definitions: Definitions = {
  [METADATA]: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
  [QUANTITY]: { type: 'string' },
  Thing: {
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { $ref: `#/definitions/${METADATA}`, description: 'its name' },
      spec: { $ref: '#/definitions/Spec' },
    },
    'x-kubernetes-group-version-kind': [{ group: 'things.example.com', version: 'v1', kind: 'Thing' }],
  },
  Spec: {
    type: 'object',
    properties: {
      port: { type: 'string', format: 'int-or-string' },
      memory: { $ref: `#/definitions/${QUANTITY}` },
      inner: { type: 'array', items: { $ref: '#/definitions/Spec' } },
    },
  },
};

const thing = (spec: object, more: object = {}) => ({
  apiVersion: 'things.example.com/v1',
  kind: 'Thing',
  metadata: { name: 'one', labels: { any: 'text' } },
  spec,
  ...more,
});

const takes = (schema: object) => new Ajv({ strict: false }).compile(schema);

describe('the strict schema of a kind', () => {
  const [kind] = kindsIn(definitions);
  if (kind === undefined) throw new Error('there is no kind');
  const valid = takes(schemaOfKind(definitions, kind));

  it.each([
    ['a port by number', thing({ port: 1 })],
    ['a port by name', thing({ port: 'http' })],
    [
      'quantities',
      thing({ memory: '256Mi', inner: [{ memory: 1.5 }, { memory: '100m' }, { memory: '1e3' }] }),
    ],
  ])('takes %s', (_, manifest) => {
    expect([valid(manifest), valid.errors]).toEqual([true, null]);
  });

  it.each([
    ['an unknown field', thing({ prot: 1 })],
    ['an unknown field deep inside', thing({ inner: [{ inner: [{ prot: 1 }] }] })],
    ['an unknown field of the metadata', thing({}, { metadata: { lables: {} } })],
    ['an unknown field at the top', thing({}, { sepc: {} })],
    ['null', thing({ port: null })],
    ['a label that is no text', thing({}, { metadata: { labels: { a: 1 } } })],
    ['a quantity that is none', thing({ memory: '256MB' })],
    ['another version', thing({}, { apiVersion: 'things.example.com/v2' })],
    ['a missing field', thing({}, { spec: undefined })],
  ])('refuses %s', (_, manifest) => {
    expect(valid(JSON.parse(JSON.stringify(manifest)))).toBe(false);
  });
});

describe('the strict schema of a custom resource', () => {
  const { definitions: parts } = schemaOfKind(definitions, {
    group: '',
    version: 'v1',
    kind: '',
    name: METADATA,
  });
  const metadata = { $ref: `#/definitions/${METADATA}`, definitions: parts };
  const schema = {
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: {
        type: 'object',
        properties: {
          port: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
          free: { type: 'object', properties: {}, 'x-kubernetes-preserve-unknown-fields': true },
          one: {
            type: 'object',
            properties: { a: {}, b: {} },
            anyOf: [{ required: ['a'] }, { required: ['b'] }],
          },
          not: {
            type: 'object',
            properties: { a: {}, b: {} },
            not: { properties: { a: { enum: ['bad'] } }, required: ['a'] },
          },
        },
      },
    },
  };
  const valid = takes(
    schemaOfResource(schema, { group: 'things.example.com', version: 'v1', kind: 'Thing' }, metadata),
  );

  it.each([
    ['a port by name, and what is declared free', thing({ port: 'http', free: { any: 1 } }), true],
    ['one of two', thing({ one: { b: 1 } }), true],
    ['none of two', thing({ one: {} }), false],
    ['what may be', thing({ not: { a: 'good', b: 1 } }), true],
    ['what may not be, beside another field', thing({ not: { a: 'bad', b: 1 } }), false],
    ['an unknown field', thing({ prot: 'http' }), false],
    ['an unknown field of the metadata', thing({}, { metadata: { lables: {} } }), false],
  ])('judges %s', (_, manifest, expected) => {
    expect(valid(manifest)).toBe(expected);
  });
});
