import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createEntityIds, entityId } from '../../../src/inventory/entity-id.ts';
import { createNormaliser } from '../../../src/inventory/normalise/normaliser.ts';
import { schemaFlaws } from '../../kit/entity-schemas.ts';

const baseUrl = 'http://bitbucket.example:7990';
const normaliser = createNormaliser({ baseUrl });
const project = { key: 'PLAT', id: 1, name: 'Platform', public: false, type: 'NORMAL' };
const repository = { id: 7, slug: 'api', name: 'API', project };

function attributesOf(raw: unknown) {
  const made = normaliser.repository(raw);
  if (!made.ok) throw new Error(made.skip.reason);
  return made.attributes;
}

function userOf(raw: object) {
  const made = normaliser.user({ id: 3, name: 'jane', ...raw });
  if (!made.ok) throw new Error(made.skip.reason);
  return made.attributes;
}

describe('a repository', () => {
  it.each([
    [{ ...repository, id: undefined }, 'no-id'],
    [{ ...repository, id: null }, 'no-id'],
    [{ ...repository, id: '7' }, 'bad-id'],
    [{ ...repository, id: 0 }, 'bad-id'],
    [{ ...repository, id: -7 }, 'bad-id'],
    [{ ...repository, id: 7.5 }, 'bad-id'],
    [{ ...repository, id: 2 ** 53 }, 'bad-id'],
    [{ ...repository, slug: '' }, 'no-slug'],
    [{ ...repository, slug: 12 }, 'no-slug'],
    [{ ...repository, project: undefined }, 'no-project'],
    [{ ...repository, project: 'PLAT' }, 'no-project'],
    [{ ...repository, project: { ...project, key: '' } }, 'no-project'],
    [[repository], 'not-an-object'],
    ['repository', 'not-an-object'],
    [undefined, 'not-an-object'],
  ])('is skipped: %j', (raw, reason) => {
    expect(normaliser.repository(raw)).toMatchObject({ ok: false, skip: { type: 'repository', reason } });
  });

  it('says where it is, for the calls that follow', () => {
    expect(normaliser.repository(repository)).toMatchObject({
      ok: true,
      sourceId: 7,
      projectKey: 'PLAT',
      slug: 'api',
      projectType: 'NORMAL',
      parentKey: null,
    });
  });

  it('has null for what is of the wrong kind', () => {
    const odd = {
      ...repository,
      name: 5,
      description: ['x'],
      state: {},
      links: 'none',
      archived: 'true',
      origin: 9,
    };
    const attributes = attributesOf({ ...odd, public: 'true', project: { ...project, name: 1 } });
    expect(attributes).toMatchObject({
      name: null,
      description: null,
      state: null,
      repository_url: null,
      ssh_url: null,
      browse_url: null,
      archived: false,
      visibility: 'private',
      fork: false,
      parent: null,
      scm_project: { key: 'PLAT', name: null, type: 'NORMAL' },
      scm_organization: 'bitbucket.example:7990',
    });
  });

  it.each([
    [true, false, 'public'],
    [false, true, 'public'],
    [undefined, undefined, 'private'],
    [false, false, 'private'],
  ])('public %s in a project that is public %s is %s', (own, projects, visibility) => {
    const raw = { ...repository, public: own, project: { ...project, public: projects } };
    expect(attributesOf(raw).visibility).toBe(visibility);
  });

  it('is a fork also where its origin has no usable id', () => {
    expect(attributesOf({ ...repository, origin: {} })).toMatchObject({ fork: true, parent: null });
    const origin = { ...repository, id: 8, project: { ...project, key: 'SEC' } };
    expect(normaliser.repository({ ...repository, origin })).toMatchObject({
      parentKey: 'SEC',
      attributes: { fork: true, parent: entityId(baseUrl, 'repository', 8) },
    });
  });

  it.each([
    ['http://jane@bitbucket.example:7990/scm/plat/api.git', 'http://bitbucket.example:7990/scm/plat/api.git'],
    ['https://jane:pw@bitbucket.example/scm/a.git', 'https://bitbucket.example/scm/a.git'],
    ['https://jane@corp@bitbucket.example/scm/a.git', 'https://bitbucket.example/scm/a.git'],
    ['https://bitbucket.example/scm/a.git?at=x@y', 'https://bitbucket.example/scm/a.git?at=x@y'],
    ['https://bitbucket.example/scm/~jane@corp/a.git', 'https://bitbucket.example/scm/~jane@corp/a.git'],
    ['javascript:alert(1)', null],
    ['ssh://git@bitbucket.example/plat/api.git', null],
    ['https://', null],
    ['https://jane@', null],
    [17, null],
  ])('has of the clone link %s the URL %s', (href, url) => {
    const links = { clone: [null, { name: 'http', href }] };
    expect(attributesOf({ ...repository, links }).repository_url).toBe(url);
  });

  it('keeps git@ in the ssh URL, and no other login', () => {
    const ssh = (href: string) =>
      attributesOf({ ...repository, links: { clone: [{ name: 'ssh', href }] } }).ssh_url;
    expect(ssh('ssh://git@bitbucket.example:7999/plat/api.git')).toBe(
      'ssh://git@bitbucket.example:7999/plat/api.git',
    );
    expect(ssh('ssh://jane@bitbucket.example:7999/plat/api.git')).toBe(
      'ssh://bitbucket.example:7999/plat/api.git',
    );
    expect(ssh('ssh://git:pw@bitbucket.example/plat/api.git')).toBe('ssh://bitbucket.example/plat/api.git');
  });

  it('is personal by its type or by its key', () => {
    const typeOf = (fields: object) =>
      attributesOf({ ...repository, project: { ...project, ...fields } }).scm_project.type;
    expect(typeOf({ type: 'PERSONAL' })).toBe('PERSONAL');
    expect(typeOf({ key: '~jane', type: undefined })).toBe('PERSONAL');
    expect(typeOf({ type: 'OTHER' })).toBe('NORMAL');
  });

  it('has no half surrogate pairs, which stores refuse', () => {
    expect(attributesOf({ ...repository, name: 'a\ud83db' }).name).toBe('a\ufffdb');
  });
});

describe('a user', () => {
  it.each([
    [{ name: 'jane' }, 'no-id'],
    [{ id: 1 }, 'no-name'],
    [{ id: 1, name: '' }, 'no-name'],
    [{ id: 1, name: { first: 'Jane' } }, 'no-name'],
    [{ id: 2 ** 60, name: 'jane' }, 'bad-id'],
    [null, 'not-an-object'],
  ])('is skipped, without its name being told: %j', (raw, reason) => {
    const made = normaliser.user(raw);
    expect(made).toMatchObject({ ok: false, skip: { type: 'user', reason } });
    expect(JSON.stringify(made)).not.toMatch(/jane/i);
  });

  it('has null for what Bitbucket does not say', () => {
    expect(userOf({})).toEqual({
      username: 'jane',
      slug: null,
      name: null,
      email: null,
      active: null,
      account_type: 'human',
      url: null,
      last_authenticated_at: null,
      discovered_by: 'bitbucket-server',
    });
  });

  it('takes an empty e-mail for none', () => {
    expect(userOf({ emailAddress: '' }).email).toBeNull();
  });

  it('takes the first self link that is a web page', () => {
    const links = { self: [{ href: 'ftp://x/y' }, { href: 'http://jane@bitbucket.example/users/jane' }] };
    expect(userOf({ links }).url).toBe('http://bitbucket.example/users/jane');
  });
});

describe('any JSON at all', () => {
  const word = fc.constantFrom(
    'id',
    'slug',
    'name',
    'project',
    'key',
    'links',
    'clone',
    'self',
    'href',
    'origin',
  );
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { depthSize: 'medium' },
      fc.constantFrom(null, true, 'http', '~x', 'http://a@b/c', 1, -1, 1e20, 1731412800123),
      fc.string(),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(word, tie('json'), { maxKeys: 6 }),
    ),
  }));

  it('gives a resource as the schema describes it, or a skip', () => {
    const ids = createEntityIds(baseUrl);
    const check = (type: 'user' | 'repository', raw: unknown): void => {
      const made = normaliser[type](raw);
      if (!made.ok) return expect(made.skip.type).toBe(type);
      const resource = { type, id: ids(type, made.sourceId), attributes: made.attributes };
      expect(schemaFlaws(type, resource)).toEqual([]);
    };
    fc.assert(
      fc.property(json, json, (a, b) => {
        check('user', a);
        check('user', { id: 5, name: 'x', ...(b as object) });
        check('repository', { ...repository, ...(a as object), id: 5 });
        check('repository', { ...repository, links: a, origin: b });
      }),
    );
  });
});
