import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { shippedSheets } from '../../sandbox/rule-sheets.ts';
import { sheetHtml } from '../../src/agent/sheet/html.ts';
import { sheetMarkdown } from '../../src/agent/sheet/markdown.ts';
import { sheetOf } from '../../src/agent/sheet/sheet.ts';
import { sheetText } from '../../src/agent/sheet/words.ts';
import { loadList } from '../../src/commands/rules/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'sheet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pages(rules: readonly object[], env: Record<string, string> = {}, date: string | null = null) {
  const path = join(folder, 'accept.json');
  writeFileSync(path, JSON.stringify({ private: rules, public: [] }));
  const page = sheetOf(loadList(path, { env, cwd: folder }), date);
  return { page, html: sheetHtml(page), markdown: sheetMarkdown(page) };
}

const ORIGIN = 'https://${BITBUCKET_API}';
const NASTY = {
  id: 'a',
  path: '/a/:b(<script>)?',
  origin: ORIGIN,
  purpose: '<script>alert(1)</script> | "x" \u001b',
  permission: "<img src=x onerror='1'>",
};

describe('docs/', () => {
  it.each(
    Object.entries(shippedSheets()),
  )('%s fits the shipped rules; npm run docs:rules writes it', (name, text) => {
    expect(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')).toBe(text);
  });
});

describe('the page in HTML', () => {
  it('escapes everything, has no script and asks nobody for anything', () => {
    const { html } = pages([NASTY]);
    const tags = new Set(Array.from(html.matchAll(/<([a-z]\w*)/gi), ([, name]) => name));
    for (const name of ['script', 'img', 'link', 'iframe', 'a', 'form']) expect(tags).not.toContain(name);
    const attributes = Array.from(
      html.matchAll(/<[a-z]\w*((?:\s+[\w-]+="[^"]*")*)\s*>/g),
      ([, text = '']) => text,
    );
    expect(attributes.join('')).not.toMatch(/\son|src=|href=/i);
    expect(html).not.toMatch(/url\(|@import/);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('\u001b');
    expect(html).toContain("default-src 'none'");
    expect(html).toMatch(/@page \{ size: A4/);
    expect(html).toContain('color-scheme: light dark');
  });

  it('closes what it opens', () => {
    const { html } = pages([NASTY], {}, '24 November 2026');
    const open: string[] = [];
    for (const [, close, name = ''] of html.matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
      if (name === 'meta' || name === 'wbr') continue;
      if (close === '') open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
    expect(html).toContain('<td>24 November 2026</td>');
  });
});

describe('the page in Markdown', () => {
  it('keeps its tables whole whatever a rule says', () => {
    const { markdown } = pages([NASTY]);
    const row = markdown.split('\n').find((line) => line.includes('alert')) ?? '';
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(6);
    expect(row.replace(/`[^`]*`/g, '')).not.toMatch(/(?<!\\)<script/);
  });
});

describe('what stands on it', () => {
  it('is every rule in plain words, writes marked, logins by name', () => {
    const { page, markdown } = pages(
      [
        {
          id: 'w',
          method: 'PUT',
          path: '/a/:name/*',
          origin: 'https://user:canary@other.example.com',
          valid: [
            { path: 'state', value: 'open' },
            { queryParam: 'at', values: ['x', 'y*'] },
            { header: 'x-kind', values: ['k'] },
          ],
        },
        {
          id: 'r',
          path: '/r',
          origin: ORIGIN,
          auth: { scheme: 'basic', username: '${U}', password: 'canary${P}' },
        },
      ],
      { ALLOW_WRITES: 'true', BITBUCKET_URL: 'https://git.example.com/context' },
    );
    expect(page.rules).toMatchObject([
      {
        id: 'w',
        does: 'creates or replaces',
        path: '/a/{name}/{anything}',
        writes: true,
        target: 'https://***:***@other.example.com',
        login: 'basic: ***, ***',
        conditions: [
          'In the body state is "open"; or else in the query at fits "x" or "y*".',
          'The header x-kind has one of 1 values.',
        ],
      },
      { id: 'r', does: 'reads', writes: false, login: 'basic: ${U}, ***${P}', conditions: [] },
    ]);
    expect(markdown).not.toContain('canary');
    expect(markdown).toContain('WRITES');
    expect(markdown).toContain('git.example.com/context/rest/api/1.0');
    expect(markdown).toContain(page.hash);
    expect(page.firewall.map(({ peer }) => peer)).toContain('other.example.com');
  });

  it('says that nothing can be changed where writes are off', () => {
    const { page, markdown } = pages([{ id: 'w', method: 'PUT', path: '/a', origin: ORIGIN }]);
    expect(page.rules[0]).toMatchObject({ does: 'creates or replaces (off)', writes: false });
    expect(markdown).toContain('Nothing can be changed at Bitbucket');
  });

  it('says once what a rule does', () => {
    const cells = ['Reads one user.', 'Lists users.'].map(
      (purpose) =>
        sheetText(pages([{ id: 'r', path: '/r', origin: ORIGIN, purpose }]).page).toBitbucket[0]?.purpose,
    );
    expect(cells).toEqual(['Reads one user.', 'Reads. Lists users.']);
  });
});
