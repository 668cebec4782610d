import { describe, expect, it } from '@jest/globals';
import { SCHEMA } from '../../../src/inventory/entity.ts';
import { entityId } from '../../../src/inventory/entity-id.ts';
import { schemaFlaws, schemaOf } from '../../kit/entity-schemas.ts';

const id = (type: 'user' | 'repository') => entityId('http://b.example', type, 1);
const user = { type: 'user', id: id('user'), attributes: { username: 'jane' } };
const repository = {
  type: 'repository',
  id: id('repository'),
  attributes: { name: 'API', full_name: 'PLAT/api' },
};
const meta = {
  schema: SCHEMA,
  profile: 'Frankfurt',
  service_type: 'on-premises',
  run_id: '0b8ad1a5-6f5e-4c0e-9a38-0f6f8f3f5e1c',
  sequence: 1,
  kind: 'delta',
  deleted: [{ type: 'user', id: id('user') }],
};
const final = { users: null, repositories: 3, skipped: 0 };

describe('the schema of a batch', () => {
  it('takes resources and tombstones, and a manifest', () => {
    expect(schemaFlaws('batch', { data: [user, repository], meta })).toEqual([]);
    expect(schemaFlaws('batch', { data: [], meta: { ...meta, deleted: [], final } })).toEqual([]);
  });

  it.each([
    ['no data', { meta }],
    ['another member', { data: [], meta, links: {} }],
    ['a repository that says it is a user', { data: [{ ...repository, type: 'user' }], meta }],
    ['a type that there is not', { data: [{ ...user, type: 'project' }], meta }],
    ['an attribute that there is not', { data: [{ ...user, attributes: { username: 'x', id: 4 } }], meta }],
    ['no username', { data: [{ ...user, attributes: {} }], meta }],
    ['an id that is no UUIDv5', { data: [{ ...user, id: meta.run_id }], meta }],
    ['more than 500 resources', { data: Array.from({ length: 501 }, () => user), meta }],
    ['a manifest with resources', { data: [user], meta: { ...meta, deleted: [], final } }],
    ['a manifest with tombstones', { data: [], meta: { ...meta, final } }],
    ['sequence 0', { data: [], meta: { ...meta, sequence: 0 } }],
    ['another schema version', { data: [], meta: { ...meta, schema: 'essentials.bitbucket/v2' } }],
  ])('does not take %s', (_, body) => {
    expect(schemaFlaws('batch', body)).not.toEqual([]);
  });
});

it.each(['user', 'repository', 'batch'] as const)('the schema of a %s describes everything in it', (name) => {
  const silent: string[] = [];
  const visit = (at: string, schema: unknown): void => {
    const { properties = {}, items } = schema as {
      properties?: Record<string, Record<string, unknown>>;
      items?: unknown;
    };
    for (const [property, child] of Object.entries(properties)) {
      const named = property === 'type' || property === 'meta' || (property === 'id' && at.endsWith('[]'));
      if (!named && !('description' in child)) silent.push(`${at}.${property}`);
      visit(`${at}.${property}`, child);
    }
    if (items !== undefined) visit(`${at}[]`, items);
  };
  visit(name, schemaOf(name));
  expect(silent).toEqual([]);
  expect(schemaOf(name).description).toEqual(expect.any(String));
});
