import type { Secret } from '../../config/secret.ts';

/** The agent that keeps the inventory, as another one reaches it. */
export interface Keeper {
  /** `scheme://host[:port][/path]`, no trailing slash. */
  readonly url: string;
  readonly token: Secret;
}

/** Milliseconds for one exchange with it. */
export const KEEPER_LIMITS = { connectMs: 5_000, firstByteMs: 30_000, idleMs: 30_000 };
/** At one time the keeper serves as many as three other agents ask at most. Each may hold a page of 4 MiB. */
export const MOST_REQUESTS = 48;
/** Of one agent: one more is for marks. */
export const PULL_CONNECTIONS = MOST_REQUESTS / 3 - 1;
/** Node's own server closes idle connections after 5 s. */
export const KEEPER_KEEP_ALIVE_MS = 4_000;

/** Where repositories are told of that webhooks have marked. */
export const MARKS_PATH = '/marks';

/** The address in the two parts that a request has, the path without a slash at its end. */
export function keeperPlace({ url }: Keeper): { readonly origin: string; readonly basePath: string } {
  const { origin, pathname } = new URL(url);
  return { origin, basePath: pathname.replace(/\/$/, '') };
}

export const keeperAuthorization = ({ token }: Keeper): string => `Bearer ${token.reveal()}`;

type Headers = Readonly<NodeJS.Dict<string | string[]>>;

const JSON_API = /^application\/vnd\.api\+json\s*(;|$)/i;
const ERROR_CODE = /^[A-Z][A-Z_]{1,39}$/;

/** Whether an answer is a document of the keeper's lists. */
export const isDocument = (headers: Headers): boolean => JSON_API.test(String(headers['content-type'] ?? ''));

/** Why an answer is of no use, for the log: the error code that it names or, where it names none, its status. */
export function refusalOf(status: number, headers: Headers): string {
  const named = headers['x-broker-error-type'];
  return typeof named === 'string' && ERROR_CODE.test(named) ? named : `HTTP_${status}`;
}

/** What to do where the keeper answers, and not as it should. */
export function refusalHint(status: number, reason: string): string {
  if (status === 401 || status === 403) {
    return 'The tokens differ: set the same INVENTORY_TOKEN on both agents or, where it is not set, the same BROKER_TOKEN.';
  }
  if (reason === 'MARKS_NOT_TAKEN') {
    return 'The agent at INVENTORY_URL reads no repositories, or too many wait there: see its PROFILE_NAME and INVENTORY_ENABLED, and whether its accept list allows it.';
  }
  if (reason.startsWith('HTTP_')) {
    return 'Check INVENTORY_URL, and what stands in between: what answers there is not the INVENTORY_PORT of an agent.';
  }
  return 'See the log of the agent at INVENTORY_URL, and docs/errors.md.';
}

/** What to do where nobody answers. */
export const SILENCE_HINT =
  'See whether the agent at INVENTORY_URL runs and has INVENTORY_PORT, and whether that speaks http or https; check DNS, NO_PROXY, the firewall and, for certificates, CA_CERT.';
