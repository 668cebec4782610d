import type { z } from 'zod';
import type { Problem } from '../errors.ts';
import { AcceptDocument } from './accept-document.ts';
import { jsonFault } from './json-fault.ts';
import type { RulePlace } from './rule-flaw.ts';
import { type Auth, type ConditionSpec, EXAMPLES, RULE_FIELDS, ruleSchema } from './rule-schema.ts';
import { reachesWebhooks } from './webhook-path.ts';

/** One rule as the file has it; nothing is replaced yet. */
export interface RuleSpec extends RulePlace {
  readonly id: string;
  /** Upper case, or `ANY`. */
  readonly method: string;
  readonly path: string;
  /** `null` for a public rule. */
  readonly origin: string | null;
  readonly auth: Auth | null;
  readonly valid: readonly ConditionSpec[];
  /** Its `"//"` texts, a line each. */
  readonly comment: string | null;
  readonly purpose: string | null;
  readonly permission: string | null;
}

/** The rules of one file that could be read, in file order. */
export interface AcceptList {
  /** Its name for messages. */
  readonly file: string;
  readonly private: readonly RuleSpec[];
  readonly public: readonly RuleSpec[];
  /** What can be read of private rules that have problems, so that what else is wrong can be told at the same time. */
  readonly broken: readonly BrokenRule[];
  /** What was left out of account, such as fields that mean nothing here. */
  readonly notes: readonly string[];
}

/** Of a rule that cannot be used, where its calls would go and with which login. */
export type BrokenRule = RulePlace & Pick<RuleSpec, 'origin' | 'auth'>;

const LISTS = ['private', 'public'] as const;
const KNOWN = new Set(['//', ...RULE_FIELDS]);
const UNREACHABLE =
  'path can never be reached: public rules are asked for /webhook and what is below it only';
const WHOLE = `{"private": [${EXAMPLES.rule}], "public": []}`;

/**
 * Reads an accept list in the grammar of the Snyk Broker client, JSON or YAML. A text that starts with `{` or `[` must
 * be JSON; what is JSON is read as the YAML it also is.
 * The list has the rules that are right; `problems` names all that is wrong in the others. `list` is `null` when the
 * text cannot be read at all.
 *
 * @param file the name for messages
 */
export function parseAcceptList(
  text: string,
  file: string,
): { list: AcceptList | null; problems: Problem[] } {
  const content = text.replace(/^\uFEFF/, '');
  const fault = /^\s*[{[]/.test(content) ? jsonFault(content) : null;
  if (fault === null) return new Reading(content, file).read();
  const where = `${file} (line ${fault.line}, column ${fault.column})`;
  return { list: null, problems: [{ where, reason: fault.reason, example: EXAMPLES.rule ?? WHOLE }] };
}

class Reading {
  readonly #file: string;
  readonly #document;
  readonly #problems: Problem[] = [];
  readonly #notes: string[] = [];
  readonly #broken: BrokenRule[] = [];
  readonly #ids = new Map<string, string>();

  constructor(text: string, file: string) {
    this.#file = file;
    this.#document = new AcceptDocument(text, file);
  }

  read(): { list: AcceptList | null; problems: Problem[] } {
    const root = this.#content();
    if (root === null) return { list: null, problems: this.#problems };
    for (const key of Object.keys(root)) {
      if (key !== '//' && key !== 'private' && key !== 'public')
        this.#notes.push(`"${key}" has no meaning and is ignored`);
    }
    if (root.private === undefined && root.public === undefined) {
      this.#problem(this.#file, 'has neither a list "private" nor a list "public"', WHOLE);
    }
    const [ofPrivate, ofPublic] = LISTS.map((list) => this.#readList(list, root[list] ?? []));
    const list = {
      file: this.#file,
      private: ofPrivate ?? [],
      public: ofPublic ?? [],
      broken: this.#broken,
      notes: this.#notes,
    };
    return { list, problems: this.#problems };
  }

  /** The whole as plain values; `null`, and a problem, when it is no object. */
  #content(): Readonly<Record<string, unknown>> | null {
    for (const { where, reason } of this.#document.faults()) this.#problem(where, reason, EXAMPLES.rule);
    if (!this.#document.readable) return null;
    try {
      const root: unknown = this.#document.content();
      if (isObject(root)) return root;
      this.#problem(this.#file, 'is not an object', WHOLE);
    } catch {
      this.#problem(
        this.#file,
        'cannot be read: its aliases lead nowhere or into themselves, or it is nested too deep',
        WHOLE,
      );
    }
    return null;
  }

  #readList(list: 'private' | 'public', rules: unknown): RuleSpec[] {
    if (!Array.isArray(rules)) {
      this.#problem(`${this.#file}, ${list}`, 'is not a list of rules', WHOLE);
      return [];
    }
    return rules.map((rule, index) => this.#readRule(list, index, rule)).filter((spec) => spec !== null);
  }

  #readRule(list: 'private' | 'public', index: number, value: unknown): RuleSpec | null {
    const where = this.#document.where([list, index]);
    const place: RulePlace = { list, number: index + 1, where };
    const parsed = ruleSchema.safeParse(value);
    const before = this.#problems.length;
    for (const { path, message } of parsed.error?.issues ?? []) {
      const field = path[0] === undefined ? 'rule' : String(path[0]);
      this.#problem(this.#document.where([list, index], path), message, EXAMPLES[field] ?? WHOLE);
    }
    const origin = isObject(value) ? value.origin : undefined;
    if (isObject(value) && list === 'private' && origin === undefined) {
      this.#problem(where, 'has no origin, so there is nowhere to send a call', EXAMPLES.origin);
    }
    if (list === 'public' && parsed.success && !reachesWebhooks(parsed.data.path)) {
      this.#problem(where, UNREACHABLE, '"path": "/webhook/bitbucket-server/:webhookId"');
    }
    const name = parsed.success ? this.#idOf(list, index, where, parsed.data) : null;
    if (!parsed.success || name === null || this.#problems.length > before) {
      if (list === 'private' && isObject(value)) this.#broken.push({ ...place, ...remains(value) });
      return null;
    }
    const { id: _, method, path, valid, auth, purpose, permission, ...others } = parsed.data;
    this.#note(list, where, others, auth);
    return {
      ...place,
      id: name,
      method,
      path,
      origin: list === 'private' ? (others.origin ?? null) : null,
      auth: list === 'private' ? (auth ?? null) : null,
      valid,
      comment: this.#document.comments([list, index]),
      purpose: purpose ?? null,
      permission: permission ?? null,
    };
  }

  /** The rule's own id, or one made for it; `null`, and a problem, when another rule has it. */
  #idOf(list: string, index: number, where: string, rule: z.output<typeof ruleSchema>): string | null {
    const base = `${list}-${index + 1}-${rule.method.toLowerCase()}${words(rule.path)}`;
    let id = rule.id ?? base;
    for (let count = 2; rule.id === undefined && this.#ids.has(id); count += 1) id = `${base}-${count}`;
    const first = this.#ids.get(id);
    if (first === undefined) {
      this.#ids.set(id, where);
      return id;
    }
    this.#problem(where, `id "${id}" is already that of ${first}`, EXAMPLES.id);
    return null;
  }

  #note(list: string, where: string, others: Readonly<Record<string, unknown>>, auth: unknown): void {
    const useless = Object.keys(others).filter((key) => !KNOWN.has(key));
    if (list === 'public')
      useless.push(
        ...['origin', 'auth'].filter((key) => (key === 'auth' ? auth : others[key]) !== undefined),
      );
    if (useless.length > 0) this.#notes.push(`${where}: ignored: ${useless.join(', ')}`);
  }

  #problem(where: string, reason: string, example: string | undefined): void {
    this.#problems.push({ where, reason, example: example ?? WHOLE });
  }
}

function remains({ origin, auth }: Readonly<Record<string, unknown>>): Pick<BrokenRule, 'origin' | 'auth'> {
  return {
    origin: typeof origin === 'string' ? origin : null,
    auth: ruleSchema.shape.auth.safeParse(auth).data ?? null,
  };
}

/** The literal words of a path, each with a hyphen before it, for an id. */
const words = (path: string): string =>
  path
    .replace(/:(\w+)/g, '$1')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map((word) => `-${word.toLowerCase()}`)
    .join('')
    .slice(0, 60);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
