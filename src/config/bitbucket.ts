import type { Environment } from './environment.ts';
import { type BaseUrl, baseUrlText, parseBaseUrl } from './url.ts';

/** Where Bitbucket is. `host`, `api` and `git` are without scheme, as accept lists expect them. */
export interface BitbucketAddress {
  readonly baseUrl: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly api: string;
  readonly git: string;
}

type AddressVariable = 'BITBUCKET_URL' | 'BITBUCKET' | 'BITBUCKET_API' | 'BITBUCKET_GIT';

/** In the place of an address that is not known. */
const NOWHERE: BaseUrl = { scheme: 'https', authority: 'bitbucket.invalid', path: '' };

/** Makes one address of `BITBUCKET_URL` or `BITBUCKET`, and of what else names parts of it. */
export function bitbucketAddress(env: Environment): BitbucketAddress {
  const base = baseAddress(env);
  const host = withoutScheme(base);
  return {
    baseUrl: baseUrlText(base),
    scheme: base.scheme,
    host,
    api: part(env, 'BITBUCKET_API', base) ?? `${host}/rest/api/1.0`,
    git: part(env, 'BITBUCKET_GIT', base) ?? host,
  };
}

function baseAddress(env: Environment): BaseUrl {
  const url = env.read('BITBUCKET_URL');
  const bare = env.read('BITBUCKET');
  const insecure = env.read('INSECURE_DOWNSTREAM');
  if (url === undefined && bare === undefined) {
    env.problem('BITBUCKET_URL', 'is not set, and neither is BITBUCKET');
    return NOWHERE;
  }
  const whole = url === undefined ? null : checked(env, 'BITBUCKET_URL', url);
  const scheme = whole?.scheme ?? (insecure ? 'http' : 'https');
  const short = bare === undefined ? null : checked(env, 'BITBUCKET', bare, scheme);
  if (whole?.scheme === 'https' && insecure) {
    env.problem('INSECURE_DOWNSTREAM', 'is true, but BITBUCKET_URL says https', 'false');
  }
  if (whole && short && withoutScheme(whole) !== withoutScheme(short)) {
    env.problem(
      'BITBUCKET',
      'is not the address that BITBUCKET_URL has; one of the two is enough',
      withoutScheme(whole),
    );
  }
  return whole ?? short ?? NOWHERE;
}

/** `$BITBUCKET` at the start stands for the address, as the official examples write it. */
function part(env: Environment, name: 'BITBUCKET_API' | 'BITBUCKET_GIT', base: BaseUrl): string | undefined {
  const text = env.read(name)?.replace(/^\$(BITBUCKET\b(?!_)|\{BITBUCKET\})/, () => withoutScheme(base));
  if (text === undefined) return undefined;
  const address = checked(env, name, text, base.scheme);
  if (address === null) return undefined;
  if (address.authority !== base.authority) {
    env.warnings.push(
      `${name} names another host than ${withoutScheme(base)}; rules with it send logins there.`,
    );
  }
  return withoutScheme(address);
}

/** @param scheme what the text itself may not have; left out when it must have one */
function checked(
  env: Environment,
  name: AddressVariable,
  text: string,
  scheme?: BaseUrl['scheme'],
): BaseUrl | null {
  if (scheme !== undefined && text.includes('://')) {
    env.problem(name, 'starts with a scheme; only BITBUCKET_URL has one');
    return null;
  }
  const parsed = parseBaseUrl(scheme === undefined ? text : `${scheme}://${text}`);
  if (typeof parsed !== 'string') return parsed;
  env.problem(name, parsed);
  return null;
}

function withoutScheme({ authority, path }: BaseUrl): string {
  return `${authority}${path}`;
}
