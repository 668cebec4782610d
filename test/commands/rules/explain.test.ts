import { describe, expect, it } from '@jest/globals';
import { explainText } from '../../../src/commands/rules/explain.ts';
import type { InventoryPlace } from '../../../src/config/config.ts';
import { Secret } from '../../../src/config/secret.ts';
import { explain, explainAddress } from '../../../src/rules/explain.ts';
import { seenUrls } from '../../../src/rules/full-url.ts';
import { rulesOf } from '../../rules/loaded.ts';

const rules = rulesOf([
  { id: 'api', path: '/projects/:key', purpose: 'Reads one project.', auth: { scheme: 'bitbucket' } },
  { id: 'whole', path: '/rest/capabilities', origin: 'https://${BITBUCKET}' },
  { id: 'own', path: '/own', auth: { scheme: 'basic', username: '${U}', password: 'canary${P}' } },
  { id: 'none', path: '/none' },
  { id: 'mine', path: '/essentials/v1/users', origin: 'agent:' },
]);
const HERE = { kind: 'here', listen: null } as const;
const text = (
  url: string,
  headers: Record<string, string> = {},
  login: 'bearer' | null = 'bearer',
  place: InventoryPlace = HERE,
) => {
  const question = { method: 'GET', url, headers, body: null };
  const verdict = explain(rules, question);
  return explainText(
    { seen: { url, base: '' }, question, verdict, elsewhere: null },
    { rules, shippedWith: null, login, exampleAddress: false, config: { inventoryPlace: place } },
  );
};

describe('what rules explain says', () => {
  it('is the exact url and the headers that would go out, without any credential', () => {
    const headers = { accept: 'text/plain', authorization: 'canary', cookie: 'canary' };
    expect(text('/projects/%7EA?x=%2f', headers)).toBe(
      [
        'GET /projects/%7EA?x=%2f',
        'allowed by api (accept.json, private rule 1 (line 1))',
        '  Reads one project.',
        '  GET https://bitbucket.test/rest/api/1.0/projects/%7EA?x=%2f',
        '  accept: text/plain',
        '  authorization: Bearer [BITBUCKET_PAT]',
        '',
      ].join('\n'),
    );
    expect(text('/own')).toContain('authorization: Basic [U]:***[P]');
    expect(text('/none')).not.toContain('authorization');
    expect(text('/projects/a', {}, null)).toContain("authorization: [Bitbucket's login]");
    expect(text('/essentials/v1/users')).toContain('nothing goes out');
    const there = { kind: 'there', url: 'http://keeper:8003', token: new Secret('t') } as const;
    expect(text('/essentials/v1/users', {}, null, there)).toContain('The agent at http://keeper:8003,');
  });

  it('is why it is refused, and that the base does not belong to the url', () => {
    expect(text('/projectz/a')).toMatch(
      /^refused: no-rule$[\s\S]*^ {4}api +path: segment 1 of the path must be "projects"$/m,
    );
    expect(text('/rest/api/1.0/projects/a')).toContain('it is allowed: /projects/a');
  });

  it('lets no character through that steers a terminal', () => {
    expect(text('/a\u001b[2J')).not.toContain('\u001b');
  });
});

describe('a full address', () => {
  const urls = (given: string) => seenUrls(given, rules.private);

  it.each([
    ['https://bitbucket.test/rest/api/1.0/projects?x', ['/projects?x', '/rest/api/1.0/projects?x']],
    ['HTTPS://Bitbucket.TEST:443/rest/capabilities', ['/rest/capabilities']],
    ['https://elsewhere.test/a', ['/a']],
    ['https://bitbucket.test', ['/']],
    ['https://me:canary@elsewhere.test/a', ['/a']],
    ['/projects', ['/projects']],
    ['//bitbucket.test/a', ['//bitbucket.test/a']],
  ])('%s is seen as %j', (given, expected) => {
    expect(urls(given).map(({ url }) => url)).toEqual(expected);
  });

  it('counts as allowed only where a rule sends a call to that very place, and shows no login', () => {
    const said = (given: string) => {
      const call = { method: 'GET', url: given, headers: {}, body: null };
      const explained = explainAddress(rules, call);
      const question = { ...call, url: explained.seen.url };
      const loaded = {
        rules,
        shippedWith: null,
        login: null,
        exampleAddress: false,
        config: { inventoryPlace: HERE },
      };
      return explainText({ ...explained, question }, loaded);
    };
    expect(said('https://me:canary@elsewhere.test/projects/a')).toBe(
      [
        'GET /projects/a',
        '  The address was taken as what stands behind https://elsewhere.test, as rules see it.',
        'refused: no rule sends a call to https://elsewhere.test/projects/a',
        '  /projects/a by itself is allowed by api, and goes to https://bitbucket.test/rest/api/1.0/projects/a',
        '',
      ].join('\n'),
    );
    expect(said('https://bitbucket.test/projects/a')).toContain('refused: no rule sends');
    expect(said('https://bitbucket.test/rest/capabilities')).toContain('allowed by whole');
  });
});
