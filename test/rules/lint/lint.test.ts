import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { lint } from '../../../src/rules/lint/lint.ts';
import { loadedOf, type Options, textOf } from '../loaded.ts';

const root = new URL('../../../', import.meta.url);
const client = dirname(createRequire(import.meta.url).resolve('snyk-broker/package.json'));
const shipped = readFileSync(new URL('config/accept/bitbucket-server.json', root), 'utf8');
const official = readFileSync(
  join(client, 'dist/client-templates/bitbucket-server/accept.json.sample'),
  'utf8',
);

const findings = (rules: readonly object[] | string, options: Options & { basePath?: string } = {}) =>
  lint({
    file: 'accept.json',
    text: textOf(rules),
    loaded: loadedOf(rules, options),
    bitbucket: { origin: 'https://bitbucket.test', basePath: options.basePath ?? '' },
    allowWrites: options.allowWrites ?? true,
  });
const codes = (...given: Parameters<typeof findings>) =>
  findings(...given).map(({ level, code }) => `${level} ${code}`);
const counts = (all: readonly string[]) =>
  Object.fromEntries([...Map.groupBy(all, (one) => one)].map(([name, same]) => [name, same.length]));

describe('lint', () => {
  it('finds nothing to worry about in the shipped list', () => {
    expect(codes(shipped, { allowWrites: false })).toEqual(['info reads-code']);
  });

  it('finds no error in the official list, nothing dead and two that another one takes, and names what reads code', () => {
    expect(counts(codes(official, { allowWrites: false }))).toEqual({
      'warn reads-code': 75,
      'warn shadowed': 2,
      'info writes': 17,
      'info reads-file-names': 3,
      'info catch-all': 3,
      'info leads-nowhere': 1,
    });
    expect(counts(codes(official))['warn writes']).toBe(17);
    const shadowed = findings(official).filter(({ code }) => code === 'shadowed');
    expect(shadowed.map(({ ruleId }) => ruleId)).toEqual([
      expect.stringContaining('requirements-txt'),
      expect.stringContaining('requirements-2f-txt'),
    ]);
  });

  it('tells of rules that nobody answers, what to set', () => {
    const own = { id: 'own', path: '/essentials/v1/runs', origin: 'agent:' };
    expect(findings([own], { agentOff: true })).toEqual([
      expect.objectContaining({
        ...{ level: 'info', code: 'leads-nowhere', ruleId: 'own' },
        text: expect.stringContaining('INVENTORY_URL=off'),
        suggestion: expect.stringContaining('Set INVENTORY_URL'),
      }),
    ]);
    expect(codes([own])).toEqual([]);
  });

  it.each([
    [
      'any at every path',
      { method: 'any', path: '/*' },
      ['error any-catch-all', 'warn any-method', 'warn writes', 'warn reads-code'],
    ],
    ['every path', { path: '/:all*' }, ['warn catch-all', 'warn reads-code']],
    ['every path', { path: '/(.*)' }, ['warn catch-all', 'warn reads-code']],
    ['a write', { method: 'PUT', path: '/x' }, ['warn writes']],
    ['a placeholder where browse may stand', { path: '/projects/:p/repos/:r/:what' }, ['warn reads-code']],
    ['one project with all it has', { path: '/projects/PLAT/*' }, ['warn reads-code', 'info catch-all']],
    [
      'one of two projects',
      { path: '/projects/:p(PLAT|CORE)/repos/:r/:what/*' },
      ['warn reads-code', 'info catch-all'],
    ],
    [
      'one file of one repository behind a placeholder',
      { path: '/projects/PLAT/repos/api/:what/x.txt' },
      ['warn reads-code'],
    ],
    ['an encoded word', { path: '/projects/:p/repos/:r/r%61w/:file' }, ['warn reads-code']],
    ['an escaped word', { path: '/projects/:p/repos/:r/r\\aw/:file' }, ['warn reads-code']],
    [
      'a fetch of git',
      { method: 'POST', path: '/scm/:p/:r/git-upload-pack' },
      ['warn reads-code', 'warn writes'],
    ],
    [
      'a search in code',
      { method: 'POST', path: '/rest/search/1.0/:what' },
      ['warn reads-code', 'warn writes'],
    ],
    [
      'any at every path, written otherwise',
      { method: 'any', path: '/:all(.*)*' },
      ['error any-catch-all', 'warn any-method', 'warn reads-code', 'warn slow-pattern', 'warn writes'],
    ],
    [
      'a repeat deep in a repeat',
      { path: '/x', valid: [{ path: 'a', regex: '^(((b+))c?)+$' }] },
      ['warn slow-pattern'],
    ],
    ['signs of repeats that are none', { path: '/x', valid: [{ path: 'a', regex: '^([+*]b)+$' }] }, []],
    ['git itself', { path: '/scm/:p/:r.git/info/refs' }, ['warn reads-code']],
    ['names of files', { path: '/projects/:p/repos/:r/files' }, ['info reads-file-names']],
    ['one file', { path: '/projects/:p/repos/:r/raw/catalog-info.yaml' }, ['info reads-code']],
    ['another origin', { path: '/x', origin: 'https://other.test' }, ['warn other-origin']],
    [
      'a login in the clear',
      { path: '/x', origin: 'http://other.test', auth: { scheme: 'bearer', token: '${T}' } },
      ['error plain-http', 'warn other-origin'],
    ],
    [
      'a secret in the file',
      { path: '/x', auth: { scheme: 'bearer', token: 'canary' } },
      ['warn secret-in-file'],
    ],
    ['a repeat in a repeat', { path: '/x', valid: [{ path: 'a', regex: '^(a+)+$' }] }, ['warn slow-pattern']],
    ['a path that could keep it busy', { path: '/x/:y(.+)*/z' }, ['warn slow-pattern']],
    ['a path that only looks so', { path: '/x/:y(\\d+)+' }, []],
    ['a misspelt field', { path: '/x', Path: '/y' }, ['warn misspelt-field']],
    ['a field it does not know', { path: '/x', stream: true }, ['info ignored']],
    ['what never matches', { path: '/x?y=1' }, ['warn dead']],
    ['a method it does not know', { path: '/x', method: 'GTE' }, ['error unusable']],
    [
      "Bitbucket's login for another host",
      { path: '/x', origin: 'https://o.test', auth: { scheme: 'bitbucket' } },
      ['error unusable'],
    ],
    ['nothing', { path: '/projects/:key' }, []],
  ])('%s', (_what, rule, expected) => {
    const found = findings([rule]);
    expect(found.map(({ level, code }) => `${level} ${code}`).sort()).toEqual([...expected].sort());
    expect(JSON.stringify(found)).not.toContain('canary');
    for (const { where, text, suggestion } of found) {
      expect(where).toContain('accept.json');
      expect(text.length * suggestion.length).toBeGreaterThan(0);
    }
  });

  it('tells what is outside the context path, and merged fields of YAML', () => {
    expect(codes([{ path: '/x', origin: 'https://bitbucket.test/other' }], { basePath: '/context' })).toEqual(
      ['warn outside-context'],
    );
    const yaml = 'base: &b\n  path: /x\nprivate:\n  - <<: *b\n    origin: https://${BITBUCKET_API}\n';
    expect(codes(yaml)).toContain('info merged-fields');
  });

  it('does not itself run into what it warns of', () => {
    const regex = '^([0-9a-f]+)+x$';
    const path = '/a/:x(.+)*/:y(.+)*/z';
    const found = findings([{ path, valid: [{ path: 'a', regex }] }, { path: `/a/${'b/'.repeat(60)}c` }]);
    expect(found.map(({ code }) => code)).toEqual(['slow-pattern']);
  });

  it('puts errors first', () => {
    const levels = findings([
      { path: '/x', method: 'PUT' },
      { method: 'any', path: '/*' },
    ]).map(({ level }) => level);
    expect(levels[0]).toBe('error');
  });
});
