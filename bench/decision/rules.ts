/** One rule as it stands in an accept list. */
export interface RawRule {
  readonly method: string;
  readonly path: string;
  readonly origin: string;
}

/** The host of all of them. */
export const HOST = 'bitbucket.test';

const REPOSITORY = '/projects/:projectKey/repos/:repositorySlug';
const FILES =
  'package.json yarn.lock pom.xml build.gradle Gemfile Gemfile.lock go.mod go.sum Pipfile Pipfile.lock poetry.lock composer.json composer.lock *req*.txt requirements/*.txt *.csproj *.sln packages.config project.json global.json *.tf *Dockerfile* Podfile Podfile.lock mix.exs mix.lock build.sbt Cargo.toml Cargo.lock pubspec.yaml';

const rule = (path: string, method = 'GET'): RawRule => ({ method, path, origin: `https://${HOST}` });

/**
 * So many rules, 2 or more: lists and single reads first, a good half of wildcard rules for files, reads and writes of the
 * REST API, and a plain one, which is always the last.
 */
export function manyRules(count: number): RawRule[] {
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
  while (rules.length < count - 1) rules.push(rule(`/rest/plugin-${rules.length}/1.0/:name`));
  return [...rules.slice(0, count - 1), rule(`${REPOSITORY}/raw/catalog-info.yaml`)];
}
