import { Environment } from './environment.ts';
import { readDotenv, readSecret } from './files.ts';
import type { LoadOptions } from './load.ts';
import { soundsSecret } from './names.ts';
import { declared, VARIABLES } from './schema.ts';
import { Secret } from './secret.ts';
import type { Variable } from './variable.ts';

/** How a declared variable is set. */
export interface ReportedVariable {
  readonly name: string;
  /** What it is set to; never a secret, a login in a URL or a query. `null`: it is not set, or not shown. */
  readonly value: string | null;
  readonly state: 'not set' | 'set' | 'set, not valid' | 'from a file';
}

/** The environment for somebody who helps from outside. */
export interface EnvironmentReport {
  readonly variables: readonly ReportedVariable[];
  /** The names of all other variables. */
  readonly others: readonly string[];
  /** Every secret that stands in the environment and in the files it names, used or not, each in its parts too. */
  readonly secrets: readonly Secret[];
}

/** Looks at the same environment as `loadConfig`, also one that cannot be used. Never throws. */
export function reportEnvironment({
  env: given = process.env,
  cwd = process.cwd(),
}: LoadOptions = {}): EnvironmentReport {
  const dotenv = readDotenv(new Environment({}, cwd).path('.env'));
  const env = new Environment({ ...(dotenv.ok ? dotenv.value : {}), ...given }, cwd);
  const names = Object.keys(VARIABLES);
  const known = new Set(
    names.flatMap((name) => [
      name,
      `${name}_FILE`,
      ...(declared(name)?.bothCases ? [name.toLowerCase()] : []),
    ]),
  );
  return {
    variables: names.map((name) => reported(env, name, VARIABLES[name as keyof typeof VARIABLES])),
    others: env
      .names()
      .filter((name) => !known.has(name))
      .sort(),
    secrets: secretsIn(env),
  };
}

function reported(env: Environment, name: string, variable: Variable): ReportedVariable {
  const text = (variable.bothCases ? env.text(name.toLowerCase()) : undefined) ?? env.text(name);
  if (text === undefined) {
    const file = variable.secret && env.text(`${name}_FILE`) !== undefined;
    return { name, value: null, state: file ? 'from a file' : 'not set' };
  }
  const valid = variable.parse.safeParse(text.trim()).success;
  const shown = valid && (variable.secret !== true || /_PROXY$/.test(name));
  return { name, value: shown ? withoutLogin(text.trim()) : null, state: valid ? 'set' : 'set, not valid' };
}

/** A URL without user, password and query; other texts as they are. */
function withoutLogin(text: string): string {
  return text
    .replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, '$1')
    .replace(/^([a-z][a-z\d+.-]*:\/\/[^?#]*)[?#].*$/is, '$1?…');
}

/** Shorter names of users are ordinary words, which stand everywhere. */
const SHORTEST_USER = 8;
const USER = /^BITBUCKET_USERNAME/;

function secretsIn(env: Environment): readonly Secret[] {
  const texts = new Set<string>();
  for (const name of env.names()) {
    const text = env.text(name) ?? '';
    const plain = name.replace(/_FILE$/, '');
    const variable = declared(plain) ?? declared(plain.toUpperCase());
    const secret = variable === undefined ? soundsSecret(plain) : variable.secret === true;
    const parts = secret ? partsOf(plain === name ? text : fileText(env, text)) : [];
    for (const part of parts) if (!USER.test(plain) || part.length >= SHORTEST_USER) texts.add(part);
    for (const part of loginOf(text)) texts.add(part);
  }
  return [...texts].filter((text) => text !== '').map((text) => new Secret(text));
}

function fileText(env: Environment, path: string): string {
  const reading = readSecret(env.path(path));
  return reading.ok ? reading.value : '';
}

/** The whole, and each entry where it is a pool. */
const partsOf = (text: string): string[] => [
  text,
  text.trim(),
  ...text.split(',').map((part) => part.trim()),
  ...loginOf(text),
];

/** Password, user and both of a login in a URL, as they stand and decoded. */
function loginOf(text: string): string[] {
  const login = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)@/i.exec(text.trim())?.[1];
  if (login === undefined) return [];
  const [user = '', ...rest] = login.split(':');
  const named = decoded(user).length >= SHORTEST_USER ? [user] : [];
  return [login, ...named, rest.join(':')].flatMap((part) => [part, decoded(part)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
