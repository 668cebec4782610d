import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { IGNORED } from '../src/config/official.ts';
import { declared, VARIABLES } from '../src/config/schema.ts';
import { createOwnCalls } from '../src/inventory/collect/own-calls.ts';
import { planOf } from '../src/inventory/collect/plan.ts';
import { loadRules } from '../src/rules/compile.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const recipes = [
  'corporate-proxy',
  'from-snyk-broker-chart',
  'from-the-official-client',
  'narrowing-rules',
  'private-ca',
].map((name) => `docs/recipes/${name}.md`);
const documents = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
const chart = ['helm/README.md', 'helm/UPGRADING.md'];
const papers = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...chart, ...documents];
const text = (path: string) => readFileSync(join(root, path), 'utf8');

/** As GitHub makes them: lower case, spaces to hyphens, all but letters, digits, hyphens and underscores gone. */
function anchorsOf(path: string): Set<string> {
  const titles = [...text(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replace(/ /g, '-'),
    ),
  );
}

describe.each(papers)('%s', (path) => {
  const paper = text(path);

  it('links to files and headings that are there', () => {
    const links = [...paper.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    const broken = links.filter(([, target = '', anchor]) => {
      const file = target === '' ? path : join(dirname(path), target);
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchorsOf(file).has(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

describe('docs/recipes', () => {
  it.each(recipes)('%s sets variables that there are, to values that they take', (path) => {
    const paper = text(path);
    const set = [...paper.matchAll(/^export ([A-Z_]+)=("[^"]*"|[^\s#]*)/gm)];
    for (const [, name = '', value = ''] of set) {
      const variable = declared(name) ?? declared(name.replace(/_FILE$/, ''));
      expect([name, variable !== undefined]).toEqual([name, true]);
      const plain = value.replace(/^"|"$/g, '');
      if (declared(name) === undefined || plain === '' || plain.includes('…')) continue;
      expect([name, variable?.parse.safeParse(plain).success]).toEqual([name, true]);
    }
  });

  it.each(recipes)('%s tells a situation, what the log shows, how to check, and pitfalls', (path) => {
    const paper = text(path);
    expect(paper).toMatch(/^# .+\n\n\*\*Situation\.\*\* /);
    for (const title of ['## What the log shows', '## Check', '## Pitfalls']) expect(paper).toContain(title);
  });

  it('has every variable of the official client once, with what becomes of it', () => {
    const rows = [
      ...text('docs/recipes/from-the-official-client.md').matchAll(
        /^\| `([A-Z0-9_]+)` \| (kept|ignored) \| (.+) \|$/gm,
      ),
    ].map(([, name = '', fate = '', what = '']) => ({ name, fate, what }));
    const kept = Object.keys(VARIABLES).filter((name) => declared(name)?.official === true);
    expect(rows.filter(({ fate }) => fate === 'kept').map(({ name }) => name)).toEqual(kept);
    const ignored = rows.filter(({ fate }) => fate === 'ignored');
    expect(Object.fromEntries(ignored.map(({ name, what }) => [name, what]))).toEqual(IGNORED);
    expect(rows).toHaveLength(kept.length + Object.keys(IGNORED).length);
  });

  it('has a narrow list that is enough for the inventory of one project, and for no other', () => {
    const [, list = ''] =
      /```json\n(\{\n {2}"private".*?)```/s.exec(text('docs/recipes/narrowing-rules.md')) ?? [];
    const { rules, problems } = loadRules(list, 'accept.json', {
      variable: (name) => ({ BITBUCKET_API: 'bitbucket.example/rest/api/1.0' })[name],
      bitbucket: { scheme: 'https', host: 'bitbucket.example' },
      allowWrites: false,
    });
    expect(problems).toEqual([]);
    if (rules === null) throw new Error('the list of the recipe is broken');
    const calls = createOwnCalls({
      rules,
      loginOf: () => null,
      read: () => Promise.reject(new Error('nothing is sent here')),
      bitbucket: { baseUrl: 'https://bitbucket.example' },
    });
    const scope = { users: true, repositories: true, enrichment: false };
    const plan = (includedKeys: string[]) => () => planOf(scope, { omits: () => false, includedKeys }, calls);
    expect(plan(['PLAT'])().loginCheck).toBe('/users?limit=1');
    expect(plan(['OTHER'])).toThrow('does not allow 1 call(s)');
  });
});
