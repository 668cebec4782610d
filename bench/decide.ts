/**
 * What a decision costs with 130 rules, wherever the rule that fits stands, beside the matcher of snyk-broker 5.22.14.
 * `node bench/decide.ts [rounds]`; prints nanoseconds a decision, the best of seven runs.
 */
import { createRequire } from 'node:module';
import { loadRules } from '../src/rules/compile.ts';

const ROUNDS = Number(process.argv[2] ?? 50_000);
const RUNS = 7;
const RULES = 130;
const REPOSITORY = '/projects/:projectKey/repos/:repositorySlug';
const FILES =
  'package.json yarn.lock pom.xml build.gradle Gemfile Gemfile.lock go.mod go.sum Pipfile Pipfile.lock poetry.lock composer.json composer.lock *req*.txt requirements/*.txt *.csproj *.sln packages.config project.json global.json *.tf *Dockerfile* Podfile Podfile.lock mix.exs mix.lock build.sbt Cargo.toml Cargo.lock pubspec.yaml';

interface RawRule {
  readonly method: string;
  readonly path: string;
  readonly origin: string;
}

const rule = (path: string, method = 'GET'): RawRule => ({ method, path, origin: 'https://bitbucket.test' });

/** Lists and single reads first, a good half of wildcard rules for files, reads and writes of the REST API, a last plain one. */
function manyRules(): RawRule[] {
  const rules = ['/projects', '/projects/:projectKey/repos', '/repos', REPOSITORY, '/users'].map((path) =>
    rule(path),
  );
  for (const file of FILES.split(' ')) {
    rules.push(
      rule(`${REPOSITORY}/browse*/${file}`),
      rule(`${REPOSITORY}/browse*%2F${file.replaceAll('/', '%2F')}`),
    );
  }
  for (const [index, method] of ['GET', 'POST', 'PUT', 'DELETE'].entries()) {
    for (let count = 0; count < 14; count += 1) {
      rules.push(rule(`/rest/api/1.0${REPOSITORY}/part-${count}${index > 1 ? '/:id' : ''}`, method));
    }
  }
  rules.push(rule(`/rest/api/1.0${REPOSITORY}/files/:path?`));
  while (rules.length < RULES - 1) rules.push(rule(`/rest/plugin-${rules.length}/1.0/:name`));
  return [...rules, rule(`${REPOSITORY}/raw/catalog-info.yaml`)];
}

const CALLS = [
  ['first rule', 'GET', '/projects?limit=1000'],
  [
    'middle, wildcard',
    'GET',
    '/projects/PAY/repos/api/browse/services/web/Podfile.lock?at=refs%2Fheads%2Fmain',
  ],
  ['middle, plain', 'GET', '/rest/api/1.0/projects/PAY/repos/api/part-9?start=25'],
  ['last rule', 'GET', '/projects/PAY/repos/api/raw/catalog-info.yaml?at=refs%2Fheads%2Fmain'],
  ['no rule', 'GET', '/projects/PAY/repos/api/browse/src/main/java/App.java'],
  ['wrong method', 'PATCH', '/rest/api/1.0/projects/PAY/repos/api/part-9'],
  ['refused path', 'GET', '/projects/PAY/repos/%2e%2e/raw/catalog-info.yaml'],
] as const;

/** Nanoseconds a call of `ask`, the best of a few runs. */
function measure(ask: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run += 1) {
    const started = process.hrtime.bigint();
    for (let round = 0; round < ROUNDS; round += 1) ask();
    best = Math.min(best, Number(process.hrtime.bigint() - started) / ROUNDS);
  }
  return Math.round(best);
}

const rules = manyRules();
const options = {
  variable: () => undefined,
  bitbucket: { scheme: 'https', host: 'bitbucket.test' } as const,
  allowWrites: true,
};
const ours = loadRules(JSON.stringify({ private: rules }), 'bench.json', options).rules;
if (ours === null) throw new Error('the rules of the benchmark are broken');

const require = createRequire(import.meta.url);
const { log } = require('snyk-broker/dist/lib/logs/logger.js') as { log: { level(level: number): void } };
log.level(Number.MAX_SAFE_INTEGER);
const { loadFilters } = require('snyk-broker/dist/lib/hybrid-sdk/common/filter/filtersAsync.js') as {
  loadFilters(rules: readonly RawRule[], type: string, config: object): (call: object) => RawRule | false;
};
const official = loadFilters(rules, 'default', {});

console.log(`${rules.length} rules, ${ROUNDS} decisions a run, best of ${RUNS}, Node ${process.version}`);
console.table(
  CALLS.map(([name, method, url]) => {
    const call = { method, url, headers: {}, body: null };
    return {
      call: name,
      verdict: ours.decide(call).reason,
      'ns a decision': measure(() => ours.decide(call)),
      'official ns': measure(() => official(call)),
    };
  }),
);
