import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { AdminRoutesOptions } from '../../../src/http/admin/routes.ts';
import { aDecision, calmStatus, openAdmin } from './stage.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function client(over: Partial<AdminRoutesOptions> = {}) {
  const admin = await openAdmin(over);
  closing.push(() => admin.close());
  return request(admin.url);
}

describe('/filters', () => {
  it('gives the rules as Snyk is told them, logins masked', async () => {
    const { body, text } = await (await client()).get('/filters');
    expect(Object.keys(body)).toEqual(['public', 'private']);
    expect(body.private[0]).toMatchObject({ id: 'projects', method: 'GET', path: '/projects' });
    expect(text).toContain('***${MY_PAT}');
    expect(text).not.toContain('written-out-secret');
  });

  it('cannot be used to load rules anew', async () => {
    const asked = await client();
    for (const path of ['/filters', '/filters/reload', '/rules', '/reload'])
      expect((await asked.post(path)).status).toBe(404);
  });
});

describe('/rules', () => {
  it('lists each rule with its place and its use, and nothing of a login', async () => {
    const { body, text } = await (await client()).get('/rules');
    expect(body.map(({ id, list, hits }: Record<string, unknown>) => [id, list, hits])).toEqual([
      ['projects', 'private', 1204],
      ['branch', 'private', 310],
      ['own', 'private', 0],
      ['hook', 'public', 0],
    ]);
    expect(body[0]).toMatchObject({
      where: expect.stringContaining('accept.json'),
      purpose: 'Lists the projects.',
    });
    expect(text).not.toMatch(/auth|MY_PAT|written-out/);
  });
});

describe('/rules/sheet', () => {
  it('is the page to sign, whose own style sheet is the only one that counts', async () => {
    const { text, type, headers } = await (await client()).get('/rules/sheet');
    expect([text, type]).toEqual(['<style>body { color: red }</style>', 'text/html']);
    const own = createHash('sha256').update('body { color: red }').digest('base64');
    expect(headers['content-security-policy']).toContain(`style-src 'sha256-${own}';`);
  });

  it('is there as Markdown too', async () => {
    const { text, type } = await (await client()).get('/rules/sheet.md');
    expect([text, type]).toEqual(['# A sheet', 'text/markdown']);
  });
});

describe('/rules/explain', () => {
  const ask = async (query: string, path = '/rules/explain.json') =>
    (await client()).get(`${path}?${query}`).accept('*/*');

  it('says what would go out for a call that is allowed', async () => {
    const { status, body, text } = await ask('method=get&url=/projects%3Flimit%3D5');
    expect([status, body]).toEqual([
      200,
      {
        ...{ method: 'GET', url: '/projects?limit=5', list: 'private', allowed: true, ruleId: 'projects' },
        ...{ reason: 'allowed', where: expect.stringContaining('private rule 1'), nearMisses: [] },
        ...{ seen: '/projects?limit=5', to: 'bitbucket' },
        sent: 'https://bitbucket.example/rest/api/1.0/projects?limit=5',
      },
    ]);
    expect(text).not.toMatch(/auth|MY_PAT/);
  });

  it('says why a call is refused, and which rules were near', async () => {
    const { body } = await ask('method=GET&url=/projects/A/commits');
    expect(body).toMatchObject({ allowed: false, ruleId: null, to: null, sent: null, reason: 'valid-query' });
    expect(body.nearMisses[0]).toMatchObject({ ruleId: 'branch', aspect: 'query' });
    expect((await ask('method=DELETE&url=/projects')).body).toMatchObject({ reason: 'method' });
    expect((await ask('url=/projects/%252e%252e/admin')).body).toMatchObject({ allowed: false });
    expect((await ask('url=projects')).body).toMatchObject({ reason: 'bad-url' });
  });

  it('takes a whole address, as the command does', async () => {
    const address = 'https://bitbucket.example/rest/api/1.0/projects%3Fx=1';
    expect((await ask(`url=${address}`)).body).toMatchObject({
      ...{ allowed: true, seen: '/projects?x=1', url: 'https://bitbucket.example/rest/api/1.0/projects?x=1' },
      sent: 'https://bitbucket.example/rest/api/1.0/projects?x=1',
    });
    const page = await (await client()).get(`/rules/explain?url=${address}`).accept('text/html');
    expect(page.text).toContain('<dt>Taken as</dt><dd><code>/projects?x=1</code>');
  });

  it('says of what the agent answers itself that nothing goes out', async () => {
    const own = 'url=/essentials/v1/users';
    expect((await ask(own)).body).toMatchObject({ allowed: true, to: 'agent', sent: null });
    const page = await (await client()).get(`/rules/explain?${own}`).accept('text/html');
    expect(page.text).toContain('this agent answers it itself');
  });

  it('answers for the method that was asked about, one that no rule can have included', async () => {
    expect((await ask('method=purge&url=/projects')).body).toMatchObject({
      ...{ method: 'PURGE', allowed: false, reason: 'method' },
    });
    const page = await (await client()).get('/rules/explain?method=purge&url=/projects').accept('text/html');
    expect(page.text).toContain('<option value="PURGE" selected>');
  });

  it('asks the public rules for webhooks', async () => {
    const hook = 'method=POST&url=/webhook/bitbucket-server/1';
    expect((await ask(hook)).body.allowed).toBe(false);
    expect((await ask(`${hook}&list=public`)).body).toMatchObject({
      allowed: true,
      ruleId: 'hook',
      ...{ to: 'snyk', sent: null },
    });
  });

  it('takes whatever a query may hold', async () => {
    for (const query of ['', 'url=', 'url=a&url=b', 'url[x]=1', 'method=GET']) {
      expect(await ask(query)).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    }
    expect((await ask('method=%3Cscript%3E&url=/projects')).body).toMatchObject({
      method: '<SCRIPT>',
      allowed: false,
    });
    expect((await ask(`url=/${'a'.repeat(9_000)}`)).body).toMatchObject({ reason: 'bad-url' });
    expect((await ask('url=/%E0%A4%A')).body).toMatchObject({ allowed: false });
  });

  it('is a page for browsers and JSON for those who ask for it', async () => {
    const asked = await client();
    const answer = async (accept: string) =>
      (await asked.get('/rules/explain?url=/projects').accept(accept)).type;
    expect(await answer('text/html,application/xhtml+xml,*/*;q=0.8')).toBe('text/html');
    expect(await answer('application/json')).toBe('application/json');
    expect((await ask('url=/projects', '/rules/explain')).type).toBe('text/html');
  });
});

describe('/status.json', () => {
  it('gives everything that the page shows, with the same filter', async () => {
    const asked = await client();
    const { body } = await asked.get('/status.json');
    expect(body).toEqual(JSON.parse(JSON.stringify(calmStatus())));
    const refused = await asked.get('/status.json?verdict=refused');
    expect(refused.body.recent.map(({ path }: { path: string }) => path)).toEqual(['/nope']);
  });

  it('carries hostile names as the text they are', async () => {
    const path = '/projects/<script>\u202e"\u0000';
    const { body, headers } = await (
      await client({ status: () => calmStatus({ recent: [aDecision({ path })] }) })
    ).get('/status.json');
    expect(body.recent[0].path).toBe(path);
    expect([headers['content-type'], headers['x-content-type-options']]).toEqual([
      'application/json; charset=utf-8',
      'nosniff',
    ]);
  });
});
