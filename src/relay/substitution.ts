import type { Call } from '../call.ts';
import type { Config } from '../config/config.ts';

/** Gives back the call with variables written into it where its sender asked for that. */
export type Substitution = (call: Call) => Call;

/** What a call may have written into it: addresses, and nothing else of the environment. */
const SUBSTITUTED = new Set(['BROKER_CLIENT_URL', 'BITBUCKET', 'BITBUCKET_API', 'BITBUCKET_GIT']);
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/**
 * The official client's `BROKER_VAR_SUB` (a list of body paths) and `x-broker-var-sub` (a list of header names):
 * the sender names places, and `${NAME}` in them becomes the variable's value. Off unless
 * `ALLOW_VARIABLE_SUBSTITUTION=true`, and even then secrets are no variables: they are left standing as `${NAME}`.
 *
 * @param variable the value of a variable that is no secret, or `undefined`
 */
export function createSubstitution(variable: (name: string) => string | undefined): Substitution {
  const fill = (text: string) => text.replaceAll(VARIABLE, (whole, name: string) => variable(name) ?? whole);
  return (call) => ({ ...call, headers: fillHeaders(call.headers, fill), body: fillBody(call.body, fill) });
}

/** What a configuration makes of that; `null` where it is off. */
export const substitutionOf = (
  config: Pick<Config, 'allowVariableSubstitution' | 'variable'>,
): Substitution | null =>
  config.allowVariableSubstitution
    ? createSubstitution((name) => (SUBSTITUTED.has(name) ? config.variable(name) : undefined))
    : null;

function fillHeaders(headers: Call['headers'], fill: (text: string) => string): Call['headers'] {
  const names = headers['x-broker-var-sub'];
  if (names === undefined) return headers;
  const filled: Record<string, string> = { ...headers };
  for (const name of names.toLowerCase().split(',')) {
    const value = Object.hasOwn(filled, name.trim()) ? filled[name.trim()] : undefined;
    if (value !== undefined) filled[name.trim()] = fill(value);
  }
  return filled;
}

function fillBody(body: Buffer | null, fill: (text: string) => string): Buffer | null {
  if (body === null || !body.includes('BROKER_VAR_SUB')) return body;
  const parsed = parseObject(body);
  const paths = parsed?.BROKER_VAR_SUB;
  if (parsed === null || !Array.isArray(paths)) return body;
  delete parsed.BROKER_VAR_SUB;
  for (const path of paths) if (typeof path === 'string') fillAt(parsed, path.split('.'), fill);
  return Buffer.from(JSON.stringify(parsed), 'utf8');
}

function fillAt(
  root: Record<string, unknown>,
  path: readonly string[],
  fill: (text: string) => string,
): void {
  let at: Record<string, unknown> = root;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    if (typeof next !== 'object' || next === null) return;
    at = next as Record<string, unknown>;
  }
  const last = path.at(-1) as string;
  const value = Object.hasOwn(at, last) ? at[last] : undefined;
  if (typeof value === 'string') at[last] = fill(value);
}

function parseObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
