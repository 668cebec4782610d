import { readFileSync } from 'node:fs';
import { ConfigError, failureCode } from '../../errors.ts';
import { requestHeaders } from '../../relay/prepare.ts';
import { substitutionOf } from '../../relay/substitution.ts';
import { AGENT_ORIGIN } from '../../rules/agent-origin.ts';
import { type Explained, explainAddress } from '../../rules/explain.ts';
import { shown } from '../../rules/formats.ts';
import { provenance } from '../../rules/listing.ts';
import type { Auth } from '../../rules/rule-schema.ts';
import type { Question } from '../../rules/rule-set.ts';
import { maskLiterals } from '../../rules/template.ts';
import type { Rule, Verdict } from '../../rules/verdict.ts';
import { EXIT, ending } from '../ending.ts';
import { type Loaded, loadList } from './load.ts';

export interface ExplainOptions {
  readonly accept?: string;
  /** `name: value`, as many as there are. */
  readonly header: readonly string[];
  /** A file. */
  readonly body?: string;
  readonly public?: boolean;
}

/** `bitbucket-agent rules explain METHOD URL`: the verdict, and why. Exit code 0 allowed, 1 refused. */
export function explain(method: string, url: string, options: ExplainOptions): Promise<void> {
  return ending(async () => {
    const asked = {
      requestId: '',
      method: method.toUpperCase(),
      url,
      headers: headersOf(options.header),
      body: bodyOf(options.body),
    };
    const loaded = loadList(options.accept);
    const list = options.public === true ? 'public' : 'private';
    const substitution = list === 'private' ? substitutionOf(loaded.config) : null;
    const call = substitution === null ? asked : substitution(asked);
    const { seen, verdict, elsewhere } = explainAddress(loaded.rules, call, list);
    const question = { ...call, url: seen.url };
    process.stdout.write(explainText({ seen, question, verdict, elsewhere }, loaded));
    return verdict.allowed ? EXIT.ok : EXIT.no;
  }, EXIT.defect);
}

type Explaining = Pick<Loaded, 'rules' | 'shippedWith' | 'login' | 'exampleAddress'> & {
  readonly config: Pick<Loaded['config'], 'inventoryPlace'>;
};

/** A verdict for a person: what goes out, or what the nearest rules missed. */
export function explainText(
  { seen, question, verdict, elsewhere }: Explained & { readonly question: Question },
  loaded: Explaining,
): string {
  const { method, url } = question;
  const lines = [`${method} ${url}`];
  if (seen.base !== '')
    lines.push(`  The address was taken as what stands behind ${seen.base}, as rules see it.`);
  const { rule } = verdict;
  if (elsewhere !== null) {
    const { id, origin, basePath } = elsewhere;
    lines.push(
      `refused: no rule sends a call to ${seen.base}${url}`,
      `  ${url} by itself is allowed by ${id}, and goes to ${origin}${basePath}${url}`,
    );
  } else if (rule === null)
    lines.push(`refused: ${verdict.reason}`, ...missLines(verdict), ...baseHint(question, loaded));
  else {
    lines.push(
      `allowed by ${rule.id} (${provenance(rule, loaded.shippedWith)})`,
      ...(rule.purpose === null ? [] : [`  ${rule.purpose}`]),
      ...outgoing(rule, question, loaded),
    );
  }
  return `${lines.map(shown).join('\n')}\n`;
}

function missLines({ nearMisses }: Verdict): string[] {
  if (nearMisses.length === 0) return ['  There is no rule near it.'];
  const width = Math.max(...nearMisses.map(({ ruleId }) => ruleId.length));
  return [
    '  The nearest rules, and what they miss:',
    ...nearMisses.map(({ ruleId, aspect, detail }) => `    ${ruleId.padEnd(width)}  ${aspect}: ${detail}`),
  ];
}

/** A path with the REST base in front, where rules have it in their origin. */
function baseHint(question: Question, { rules }: Pick<Loaded, 'rules'>): string[] {
  const bases = new Set(rules.private.map(({ basePath }) => basePath).filter((basePath) => basePath !== ''));
  for (const base of bases) {
    if (!question.url.startsWith(`${base}/`)) continue;
    const url = question.url.slice(base.length);
    if (rules.decide({ ...question, url }).allowed)
      return [`  Without ${base}, which stands in the rule's origin, it is allowed: ${url}`];
  }
  return [];
}

function outgoing(
  rule: Rule,
  question: Question,
  { login, exampleAddress, config: { inventoryPlace: place } }: Explaining,
): string[] {
  const { method, url } = question;
  if (rule.list === 'public') return ['  It goes to Snyk, through the tunnel.'];
  if (rule.origin === AGENT_ORIGIN) {
    return place.kind === 'there'
      ? [`  The agent at ${place.url}, which keeps the inventory, answers it; nothing goes to Bitbucket.`]
      : ['  This agent answers it itself; nothing goes out.'];
  }
  const checked = rule.conditions?.headers.map(({ name }) => name) ?? [];
  const headers = requestHeaders({ ...question, requestId: '' }, 'bytes', checked);
  const auth = rule.auth === null ? [] : [`  authorization: ${maskedLogin(rule.auth, login)}`];
  return [
    `  ${method} ${rule.origin}${rule.basePath}${url}`,
    ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`),
    ...auth,
    ...(exampleAddress
      ? ['  (bitbucket.example.com stands for Bitbucket: BITBUCKET_URL is not set here)']
      : []),
  ];
}

/** What the `Authorization` header would be, with names in the place of secrets. */
function maskedLogin(auth: Auth, login: Loaded['login']): string {
  if (auth.scheme === 'bitbucket') {
    if (login === null) return "[Bitbucket's login]";
    return login === 'bearer' ? 'Bearer [BITBUCKET_PAT]' : 'Basic [BITBUCKET_USERNAME:BITBUCKET_PASSWORD]';
  }
  const texts = 'token' in auth ? [auth.token] : [auth.username, auth.password];
  const names = texts.map((text) => maskLiterals(text).replace(/\$\{([^}]*)\}/g, '[$1]')).join(':');
  const schemes = { basic: 'Basic ', bearer: 'Bearer ', token: 'Token ', raw: '' } as const;
  return schemes[auth.scheme] + names;
}

function headersOf(given: readonly string[]): Record<string, string> {
  const headers = new Map<string, string>();
  for (const text of given) {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*(.*?)\s*$/s.exec(text) ?? [];
    if (name === undefined) {
      const reason = 'is not a header: there is no name with a colon behind it';
      throw new ConfigError([
        { where: 'rules explain --header', reason, example: 'accept: application/json' },
      ]);
    }
    const earlier = headers.get(name.toLowerCase());
    headers.set(name.toLowerCase(), earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return Object.fromEntries(headers);
}

function bodyOf(file: string | undefined): Buffer | null {
  if (file === undefined) return null;
  try {
    const body = readFileSync(file);
    return body.length === 0 ? null : body;
  } catch (error) {
    const reason = `the file ${file} cannot be read (${failureCode(error)})`;
    throw new ConfigError([{ where: 'rules explain --body', reason, example: './body.json' }]);
  }
}
