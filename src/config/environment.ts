import { resolve } from 'node:path';
import type { Problem } from '../errors.ts';
import { type Reading, readSecret } from './files.ts';
import { VARIABLES, type VariableName, type VariableValue } from './schema.ts';
import type { Variable } from './variable.ts';

/** Some readers of such files take quotes away, `docker run --env-file` and Kubernetes do not. */
const QUOTED = /^(["'`]).*\1$/s;

/**
 * The environment while it is being read: gives values, gathers what is wrong and what is to be warned of.
 * An empty variable counts as not set.
 */
export class Environment {
  readonly problems: Problem[] = [];
  readonly warnings: string[] = [];
  readonly #values: Readonly<Record<string, string | undefined>>;
  readonly #cwd: string;
  readonly #read = new Map<VariableName, unknown>();

  /** @param cwd what relative paths start from */
  constructor(values: Readonly<Record<string, string | undefined>>, cwd: string) {
    this.#values = values;
    this.#cwd = cwd;
  }

  names(): string[] {
    return Object.keys(this.#values).filter((name) => this.text(name) !== undefined);
  }

  /** The variable as it stands. */
  text(name: string): string | undefined {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    return value === '' ? undefined : value;
  }

  path(relative: string): string {
    return resolve(this.#cwd, relative);
  }

  /** The parsed value. When it cannot be parsed this is a problem, and the default stands in for it. */
  read<Name extends VariableName>(name: Name): VariableValue<Name> {
    if (!this.#read.has(name)) this.#read.set(name, this.#parse(name, VARIABLES[name]));
    return this.#read.get(name) as VariableValue<Name>;
  }

  /** The value of a secret, from the variable or from the file that `NAME_FILE` names. */
  secretText(name: string): Reading<string | undefined> {
    const value = this.text(name);
    const file = this.text(`${name}_FILE`);
    if (file === undefined) return { ok: true, value };
    if (value === undefined) return readSecret(this.path(file));
    return { ok: false, reason: `is set, and ${name}_FILE too; only one of them may be`, absent: false };
  }

  /** Notes a problem, with the variable's own example unless a better one is given. */
  problem(name: VariableName, reason: string, example: string = VARIABLES[name].example): void {
    this.problems.push({ where: name, reason, example });
  }

  #parse(name: VariableName, variable: Variable): unknown {
    const text = this.#source(name, variable);
    const fallback = () =>
      variable.default === undefined ? undefined : variable.parse.parse(variable.default);
    if (text === undefined) return fallback();
    const outcome = variable.parse.safeParse(text);
    const around = QUOTED.test(text) ? 'quotes' : /^\s|\s$/.test(text) ? 'spaces' : null;
    if (!outcome.success) {
      const reason = outcome.error.issues[0]?.message ?? 'is not valid';
      this.problem(name, around === null ? reason : `${reason}; it has ${around} around it`);
      return fallback();
    }
    // Lists take the spaces away themselves.
    if (around === 'quotes' || (around === 'spaces' && outcome.data === text))
      this.warnings.push(`${name} has ${around} around it, which are taken as part of it.`);
    return outcome.data;
  }

  #source(name: VariableName, variable: Variable): string | undefined {
    const trimmed = (text: string | undefined) => text?.trim() || undefined;
    const lower = variable.bothCases ? trimmed(this.text(name.toLowerCase())) : undefined;
    const upper = variable.secret ? this.#secret(name) : trimmed(this.text(name));
    if (lower !== undefined && upper !== undefined && lower !== upper) {
      this.warnings.push(`${name.toLowerCase()} and ${name} differ; the one in lower case is used.`);
    }
    return lower ?? upper;
  }

  #secret(name: VariableName): string | undefined {
    const reading = this.secretText(name);
    if (reading.ok) return reading.value;
    if (this.text(name) === undefined) {
      this.problems.push({
        where: `${name}_FILE`,
        reason: reading.reason,
        example: '/run/secrets/one-secret-on-one-line',
      });
    } else this.problem(name, reading.reason);
    return undefined;
  }
}
