import { describe, expect, it } from '@jest/globals';
import { repositoryIn } from '../../src/inventory/repository-event.ts';

const REPOSITORY = { id: 84, slug: 'gateway', name: 'Gateway', project: { key: 'PLAT', id: 2 } };
const GATEWAY = { sourceId: 84, projectKey: 'PLAT', slug: 'gateway' };

const found = (key: string, event: unknown) => repositoryIn(key, Buffer.from(JSON.stringify(event)));

describe('the repository of an event', () => {
  it('is the one that was pushed to', () => {
    expect(found('repo:refs_changed', { repository: REPOSITORY })).toEqual(GATEWAY);
  });

  it('is the one that a changed repository is now', () => {
    const old = { ...REPOSITORY, slug: 'door', project: { key: 'OLD' } };
    expect(found('repo:modified', { old, new: REPOSITORY })).toEqual(GATEWAY);
    expect(found('repo:modified', { repository: REPOSITORY })).toEqual(GATEWAY);
  });

  it.each([
    'pr:opened',
    'repo:forked',
    'project:modified',
    'diagnostics:ping',
    '',
    'constructor',
    '__proto__',
  ])('is not looked for in %j', (key) => {
    expect(found(key, { repository: REPOSITORY, new: REPOSITORY })).toBeNull();
  });

  it.each([
    ['no id', { id: undefined }],
    ['an id as text', { id: '84' }],
    ['an id of nothing', { id: 0 }],
    ['a broken id', { id: 1.5 }],
    ['an id too large', { id: 2 ** 60 }],
    ['no slug', { slug: undefined }],
    ['an empty slug', { slug: '' }],
    ['a slug without end', { slug: 'x'.repeat(256) }],
    ['a slug that is none', { slug: { toString: 'x' } }],
    ['no project', { project: undefined }],
    ['a project without key', { project: { id: 2 } }],
    ['a key without end', { project: { key: 'K'.repeat(256) } }],
    ['a list for a project', { project: ['PLAT'] }],
  ])('is none with %s', (_what, change) => {
    expect(found('repo:refs_changed', { repository: { ...REPOSITORY, ...change } })).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"repository"'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no text', Buffer.from([0xff, 0xfe])],
    ['depth without end', '['.repeat(500_000)],
  ])('is none in a body that is %s', (_what, body) => {
    expect(repositoryIn('repo:refs_changed', Buffer.from(body))).toBeNull();
  });
});
