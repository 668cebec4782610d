import type { BitbucketAddress } from './bitbucket.ts';
import type { Environment } from './environment.ts';
import { IGNORED } from './official.ts';
import { declared, VARIABLES } from './schema.ts';

/** What begins like this was meant for this agent, or for the official client. */
const OURS = /^(BITBUCKET|BROKER|ALLOW|ACCEPT|ESSENTIALS|INVENTORY)_/;
/** Kubernetes sets these for services that have such names. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/;
/** So many letters may be wrong, missing or too many in a name that is still understood. */
const CLOSE = 2;

export interface WarningContext {
  readonly address: BitbucketAddress;
  readonly acceptText: string;
  /** The environment without `.env`. */
  readonly real: Readonly<Record<string, string | undefined>>;
}

/** Warns of what is set and does nothing, or does harm. */
export function warnOfSettings(env: Environment, { address, acceptText, real }: WarningContext): void {
  const used = namesUsed(acceptText);
  const ignored = env.names().filter((name) => Object.hasOwn(IGNORED, name) && !used.has(plain(name)));
  if (ignored.length > 0) {
    const names = ignored.sort().join(', ');
    env.warnings.push(
      `Variables of the Snyk Broker client without effect here: ${names}. docs/configuration.md says why.`,
    );
  }
  if (address.scheme === 'http') {
    env.warnings.push(`Bitbucket is reached over http: logins go to ${address.host} unencrypted.`);
  }
  if (env.read('BROKER_SERVER_URL').startsWith('http:')) {
    env.warnings.push('The Snyk Broker server is reached over http: the token goes there unencrypted.');
  }
  if (real.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    env.warnings.push(
      'NODE_TLS_REJECT_UNAUTHORIZED=0: no certificate is checked. Use CA_CERT for a private CA instead.',
    );
  } else if (env.text('NODE_TLS_REJECT_UNAUTHORIZED') !== undefined) {
    env.warnings.push('NODE_TLS_REJECT_UNAUTHORIZED has no effect unless it is 0 and not from .env.');
  }
}

/** One sentence on the variables that look as if they were for this agent and that nobody reads; `null` without any. */
export function unknownNames(env: Environment, acceptText: string): string | null {
  const used = namesUsed(acceptText);
  const unknown = env
    .names()
    .filter((name) => !isKnown(name) && !used.has(plain(name)) && !SERVICE_LINK.test(name))
    .filter((name) => OURS.test(name) || name.startsWith('ACCEPT'))
    .map((name) => ({ name, meant: closest(name) }))
    .filter(({ name, meant }) => OURS.test(name) || meant !== null)
    .map(({ name, meant }) => (meant === null ? name : `${name} (${meant}?)`));
  if (unknown.length === 0) return null;
  const names = unknown.sort().join(', ');
  return `Not known to this agent: ${names}. Such a variable has an effect only where the accept list names it.`;
}

/** The variables that the text of an accept list names anywhere. */
const namesUsed = (acceptText: string): ReadonlySet<string> =>
  new Set(Array.from(acceptText.matchAll(/\$\{(\w+)\}/g), ([, name = '']) => name));

/** `NAME_POOL`, `NAME_FILE` and `NAME_POOL_FILE` are forms of `NAME`. */
const plain = (name: string): string => name.replace(/(_POOL)?(_FILE)?$/, '');

function isKnown(name: string): boolean {
  if (declared(name) !== undefined || Object.hasOwn(IGNORED, name)) return true;
  return name.endsWith('_FILE') && declared(name.slice(0, -'_FILE'.length))?.secret === true;
}

/** The declared name that was meant: begun and not ended, or off by few letters. */
function closest(name: string): string | null {
  const names = Object.keys(VARIABLES);
  const [near] = names
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .filter(({ distance }) => distance <= CLOSE)
    .sort((one, other) => one.distance - other.distance);
  return near?.candidate ?? names.find((candidate) => candidate.startsWith(name)) ?? null;
}

/** Levenshtein's: how many letters to put in, take out or change. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(one).entries()) {
    const next = [index + 1];
    for (const [column, wanted] of Array.from(other).entries()) {
      const change = (row[column] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
