import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createNormaliser } from '../../../src/inventory/normalise/normaliser.ts';
import { createPrivacy, type PrivacySettings, type SentRepository } from '../../../src/inventory/privacy.ts';
import { schemaFlaws } from '../../kit/entity-schemas.ts';

const settings: PrivacySettings = {
  includeProjects: [],
  excludeProjects: [],
  omitFields: [],
  pseudonymise: true,
};
const key = Buffer.alloc(32, 7);
const privacy = createPrivacy(settings, key);
const baseUrl = 'https://git.corp.example/bitbucket';
const normaliser = createNormaliser({ baseUrl });
const uuid = '6757ba7b-a3a3-5c26-b392-3e8631ab0c37';

function user(raw: object, by = privacy) {
  const made = normaliser.user({ id: 3, ...raw });
  if (!made.ok) throw new Error(made.skip.reason);
  return by.user(made.attributes);
}

function repository(raw: unknown): SentRepository {
  const made = normaliser.repository(raw);
  if (!made.ok) throw new Error(made.skip.reason);
  return privacy.repository(made);
}

function personal(owner: string, hrefs: { http?: string; ssh?: string; self?: string } = {}): SentRepository {
  const http = hrefs.http ?? `${baseUrl}/scm/~${owner}/dots.git`;
  const ssh = hrefs.ssh ?? `ssh://git@git.corp.example:7999/~${owner}/dots.git`;
  return repository({
    id: 5,
    slug: 'dots',
    name: 'dots',
    project: { key: `~${owner.toUpperCase()}`, id: 2, name: 'Jane Doe', type: 'PERSONAL' },
    links: {
      clone: [
        { name: 'http', href: http },
        { name: 'ssh', href: ssh },
      ],
      self: [{ href: hrefs.self ?? `${baseUrl}/users/${owner}/repos/dots/browse` }],
    },
  });
}

const jane = {
  name: 'jane@corp',
  slug: 'jane_corp',
  displayName: 'Jane Doe',
  emailAddress: 'Jane.Doe@corp.example',
};
const links = { self: [{ href: `${baseUrl}/users/jane_corp` }] };

describe('a user under a pseudonym', () => {
  const sent = user({ ...jane, active: true, links });

  it('has tokens for names, and nothing of them is left', () => {
    expect(sent).toMatchObject({
      username: expect.stringMatching(/^[0-9a-f]{32}$/),
      slug: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: expect.stringMatching(/^[0-9a-f]{32}$/),
      email: expect.stringMatching(/^[0-9a-f]{32}@pseudonym\.invalid$/),
      url: null,
      active: true,
    });
    expect(JSON.stringify(sent)).not.toMatch(/jane|doe|corp/i);
    expect(schemaFlaws('user', { type: 'user', id: uuid, attributes: sent })).toEqual([]);
  });

  it('is the same each time, in upper and lower case, and another one with another key', () => {
    const shouting = {
      name: 'JANE@CORP',
      slug: 'JANE_CORP',
      displayName: 'JANE DOE',
      emailAddress: 'jane.doe@CORP.example',
    };
    expect(user({ ...shouting, active: true })).toEqual(sent);
    const other = user({ ...jane, active: true }, createPrivacy(settings, Buffer.alloc(32, 8)));
    for (const field of ['username', 'slug', 'name', 'email'] as const)
      expect(other[field]).not.toBe(sent[field]);
  });

  it('does not tell that two kinds of names are alike', () => {
    const { slug, name, email } = user({ name: 'x', slug: 'x', displayName: 'x', emailAddress: 'x' });
    expect(new Set([slug, name, email?.split('@')[0]]).size).toBe(3);
  });

  it('has null where there is nothing to hide', () => {
    expect(user({ name: 'x' })).toMatchObject({ slug: null, name: null, email: null });
  });
});

describe('a repository in a personal project', () => {
  it.each(['jane_corp', 'jörg', 'o.brien', 'a-b'])('of %s has nothing of its owner left', (owner) => {
    const sent = personal(owner);
    const token = user({ name: 'x', slug: owner }).slug;
    expect(sent).toMatchObject({
      full_name: `~${token}/dots`,
      repository_url: `${baseUrl}/scm/~${token}/dots.git`,
      ssh_url: `ssh://git@git.corp.example:7999/~${token}/dots.git`,
      browse_url: `${baseUrl}/users/${token}/repos/dots/browse`,
      scm_project: { key: `~${token}`, name: user(jane).name, type: 'PERSONAL' },
    });
    expect(JSON.stringify(sent).toLowerCase()).not.toContain(owner);
    expect(JSON.stringify(sent)).not.toMatch(/jane|doe/i);
    expect(schemaFlaws('repository', { type: 'repository', id: uuid, attributes: sent })).toEqual([]);
  });

  it('gets the same token from percent-encoded and plain URLs', () => {
    const encoded = encodeURIComponent('jörg');
    const self = `${baseUrl}/users/${encoded}/repos/dots/browse`;
    const sent = personal('jörg', { self, http: `${baseUrl}/scm/%7E${encoded}/dots.git` });
    expect(sent).toMatchObject({
      browse_url: personal('jörg').browse_url,
      repository_url: personal('jörg').repository_url,
    });
  });

  it.each([
    [{ self: `${baseUrl}/profile?user=jane` }, 'browse_url'],
    [{ self: `${baseUrl}/users/jane` }, 'browse_url'],
    [{ self: `${baseUrl}/users/%E0%A4%A/repos/dots/browse` }, 'browse_url'],
    [{ self: `${baseUrl}/users/jane/repos/dots/browse?by=jane` }, 'browse_url'],
    [{ http: `${baseUrl.replace('/bitbucket', '')}/dots.git` }, 'repository_url'],
    [{ http: `${baseUrl}/scm/~jane/dots.git#jane` }, 'repository_url'],
    [{ ssh: 'ssh://git@git.corp.example:7999/dots.git' }, 'ssh_url'],
    [{ ssh: 'ssh://git@git.corp.example/~jane/dots/x.git' }, 'ssh_url'],
    [{ ssh: 'ssh://git@git.corp.example/~john/dots.git' }, 'ssh_url'],
    [{ http: 'https://jane.corp.example/scm/~jane/dots.git' }, 'repository_url'],
    [{ http: `${baseUrl}/git/~JANE/scm/dots.git` }, 'repository_url'],
    [{ http: `${baseUrl}/%6Aane/scm/~jane/dots.git` }, 'repository_url'],
    [{ self: 'https://jane.corp.example/users/jane/repos/dots/browse' }, 'browse_url'],
    [{ self: `${baseUrl}/users/john/repos/dots/browse` }, 'browse_url'],
    [{ self: `${baseUrl}/users/jane/users/john/repos/dots/browse` }, 'browse_url'],
  ] as const)('has no URL in which the owner cannot be found: %j', (hrefs, field) => {
    expect(personal('jane', hrefs)[field]).toBeNull();
  });

  it('may say ~ or not in the clone URL, and /projects/~ in the browse URL', () => {
    const token = user({ name: 'jane' }).username;
    const http = `${baseUrl}/scm/JANE/dots.git`;
    const sent = personal('jane', { http, self: `${baseUrl}/projects/~JANE/repos/dots/browse` });
    expect(sent.repository_url).toBe(`${baseUrl}/scm/${token}/dots.git`);
    expect(sent.browse_url).toBe(`${baseUrl}/projects/~${token}/repos/dots/browse`);
  });

  it('is left out field by field all the same', () => {
    const both = createPrivacy({ ...settings, omitFields: ['repository.scm_project.name'] }, key);
    const made = normaliser.repository({
      id: 1,
      slug: 's',
      project: { key: '~JANE', name: 'Jane', type: 'PERSONAL' },
    });
    if (!made.ok) throw new Error(made.skip.reason);
    const token = user({ name: 'jane' }).username;
    expect(both.repository(made).scm_project).toEqual({ key: `~${token}`, type: 'PERSONAL' });
  });
});

it('leaves repositories of other projects as they are', () => {
  const page = JSON.parse(
    readFileSync(new URL('../fixtures/repositories-9.4.json', import.meta.url), 'utf8'),
  ) as { values: unknown[] };
  const made = normaliser.repository(page.values[0]);
  if (!made.ok) throw new Error(made.skip.reason);
  expect(privacy.repository(made)).toEqual(made.attributes);
});

it.each([[null], [Buffer.alloc(15)]])('refuses to go without a usable key: %p', (bad) => {
  expect(() => createPrivacy(settings, bad)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
