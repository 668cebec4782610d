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
      .update(`${kind}\0${folded(name)}`)
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
      const key = `~${login(bare(project.key))}`;
      const hidden: ScmProject = { ...project, key, name: tokenOf('name', project.name) };
      return {
        ...attributes,
        full_name: key + attributes.full_name.slice(project.key.length),
        repository_url: withoutOwner(CLONE, attributes.repository_url, project.key, key),
        ssh_url: withoutOwner(CLONE, attributes.ssh_url, project.key, key),
        browse_url: withoutOwner(BROWSE, attributes.browse_url, project.key, key),
        scm_project: hidden,
      };
    },
  };
}

/**
 * The URL with the hidden key's token where the owner stands. One in which the owner does not stand there, or stands
 * somewhere else before it too, is left out.
 */
function withoutOwner(form: RegExp, url: string | null, key: string, hiddenKey: string): string | null {
  const [, before, segment, after] = url === null ? [] : (form.exec(url) ?? []);
  if (before === undefined || segment === undefined || after === undefined) return null;
  const [head, found, owner] = [decoded(before), decoded(segment), folded(bare(key))];
  if (head === null || found === null) return null;
  if (folded(bare(found)) !== owner || folded(head).includes(owner)) return null;
  return before + (found.startsWith('~') ? hiddenKey : bare(hiddenKey)) + after;
}

const bare = (key: string): string => key.replace(/^~/, '');

/** Names that differ in this form are names of different people. */
const folded = (name: string): string => name.normalize('NFC').toLowerCase();

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
