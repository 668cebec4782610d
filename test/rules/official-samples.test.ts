import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadRules } from '../../src/rules/compile.ts';

const templates = join(
  dirname(createRequire(import.meta.url).resolve('snyk-broker/package.json')),
  'dist/client-templates',
);

const variables: Readonly<Record<string, string>> = {
  BITBUCKET: 'bitbucket.example/context',
  BITBUCKET_API: 'bitbucket.example/context/rest/api/1.0',
};

describe.each([
  'bitbucket-server',
  'bitbucket-server-bearer-auth',
])("the official client's own list, %s", (template) => {
  const file = join(templates, template, 'accept.json.sample');
  const text = readFileSync(file, 'utf8');
  const load = (more: Record<string, string> = {}) =>
    loadRules(text, file, {
      variable: (name) => ({ ...variables, ...more })[name],
      bitbucket: { scheme: 'http', host: 'bitbucket.example/context' },
      allowWrites: true,
    });

  it('works unchanged, with an http-only Bitbucket too', () => {
    const { rules, problems, leadNowhere } = load();
    expect(problems).toEqual([]);
    expect(leadNowhere).toHaveLength(1);
    const { private: given } = JSON.parse(text) as { private: unknown[] };
    expect(rules?.private).toHaveLength(given.length - 1);
    expect(new Set(rules?.private.map(({ origin }) => origin))).toEqual(
      new Set(['http://bitbucket.example']),
    );
    const ask = (method: string, url: string) => rules?.decide({ method, url, headers: {}, body: null });
    expect(ask('GET', '/projects/PLAT/repos')).toMatchObject({ allowed: true });
    expect(ask('GET', '/projects/PLAT/repos')?.rule?.basePath).toBe('/context/rest/api/1.0');
    expect(ask('GET', '/snykgit/anything')).toMatchObject({ allowed: false });
  });

  it('uses its companion where there is one', () => {
    const { rules, leadNowhere } = load({ GIT_CLIENT_URL: 'http://code-agent:3000' });
    expect(leadNowhere).toEqual([]);
    const question = { method: 'GET', url: '/snykgit/anything', headers: {}, body: null };
    expect(rules?.decide(question).rule?.origin).toBe('http://code-agent:3000');
  });
});
