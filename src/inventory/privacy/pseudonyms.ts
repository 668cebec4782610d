import { createHmac, createSecretKey } from 'node:crypto';
import type { RepositoryAttributes, ScmProject, UserAttributes } from '../entity.ts';

/** Scheme and host, what stands before the owner, the owner, the rest. */
const CLONE = /^([a-z]+:\/\/[^/?#]+\/(?:[^?#]*\/)?)([^/?#]+)(\/[^/?#]+)$/i;
const BROWSE = /^(https?:\/\/[^/?#]+\/(?:[^?#]*?\/)??(?:users|bots|projects)\/)([^/?#]+)(\/repos\/[^?#]+)$/i;

/** Puts tokens in the place of names: the same name gives the same token, and no token leads back to a name. */
export interface Pseudonyms {
  user(attributes: UserAttributes): UserAttributes;
  /** A personal project names its owner, in its key, its name and the URLs; other projects stay as they are. */
  repository(attributes: RepositoryAttributes): RepositoryAttributes;
}

type Kind = 'login' | 'name' | 'email';

/**
 * Tokens are 128 bits of HMAC-SHA256 of kind and lower-cased name. Logins and slugs are of one kind: the key of a
 * personal project and the slug of its owner get the same token.
 */
export function createPseudonyms(key: Buffer): Pseudonyms {
  const secret = createSecretKey(key);
  const token = (kind: Kind, name: string): string =>
    createHmac('sha256', secret)
      .update(`${kind}\0${name.normalize('NFC').toLowerCase()}`)
      .digest('hex')
      .slice(0, 32);
  const tokenOf = (kind: Kind, name: string | null): string | null =>
    name === null ? null : token(kind, name);
  const login = (name: string): string => token('login', name);
  return {
    user: (attributes) => ({
      ...attributes,
      username: login(attributes.username),
      slug: tokenOf('login', attributes.slug),
      name: tokenOf('name', attributes.name),
      email: attributes.email === null ? null : `${token('email', attributes.email)}@pseudonym.invalid`,
      url: null,
    }),
    repository(attributes) {
      const { scm_project: project } = attributes;
      if (project.type !== 'PERSONAL') return attributes;
      const key = `~${login(project.key.replace(/^~/, ''))}`;
      const hidden: ScmProject = { ...project, key, name: tokenOf('name', project.name) };
      return {
        ...attributes,
        full_name: key + attributes.full_name.slice(project.key.length),
        repository_url: withoutOwner(CLONE, attributes.repository_url, login),
        ssh_url: withoutOwner(CLONE, attributes.ssh_url, login),
        browse_url: withoutOwner(BROWSE, attributes.browse_url, login),
        scm_project: hidden,
      };
    },
  };
}

/** A URL in which the owner cannot be found for certain is left out. */
function withoutOwner(form: RegExp, url: string | null, login: (name: string) => string): string | null {
  const [, before, owner, after] = url === null ? [] : (form.exec(url) ?? []);
  if (before === undefined || owner === undefined || after === undefined) return null;
  const name = decoded(owner);
  if (name === null) return null;
  return `${before}${name.startsWith('~') ? '~' : ''}${login(name.replace(/^~/, ''))}${after}`;
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
