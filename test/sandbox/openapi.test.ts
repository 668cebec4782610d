import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { EXCHANGES } from './exchanges.ts';
import { FACTS_SCHEMA, pageOf, single } from './facts-schema.ts';
import { type Loose, parsed, wireCall } from './wire-call.ts';

const ajv = new Ajv({ strict: true, strictTypes: false, allErrors: true });
ajv.addSchema(FACTS_SCHEMA);

let bitbucket: Bitbucket;
beforeAll(async () => {
  bitbucket = await startBitbucket();
});
afterAll(() => bitbucket.close());

describe('every answer of the simulator has the fields, types and enums of the document of 9.4', () => {
  for (const { call, method = 'GET', status, body, login = 'admin:admin-password', sent } of EXCHANGES) {
    it(`${method} ${call} → ${status}`, async () => {
      const write = sent === undefined ? {} : { body: sent, headers: { 'content-type': 'application/json' } };
      const answer = await wireCall(bitbucket.url, `/rest/api/latest${call}`, { method, login, ...write });
      expect(answer.status).toBe(status);
      if (body === 'none') expect(answer.body).toHaveLength(0);
      else if (body === 'bytes') expect(answer.headers['content-type']).toBe('text/plain;charset=UTF-8');
      else {
        const check = ajv.compile('page' in body ? pageOf(body.page) : single(body.entity));
        check(parsed(answer));
        expect(check.errors).toBeNull();
        expect(answer.headers['content-type']).toBe('application/json;charset=UTF-8');
      }
    });
  }
});

describe('the schemas are not so wide that they pass anything', () => {
  const repository = async () =>
    parsed(
      await wireCall(bitbucket.url, '/rest/api/latest/projects/PLAT/repos/gateway', {
        login: 'admin:admin-password',
      }),
    );
  const spoilt: [string, (good: Loose) => unknown][] = [
    ['a field nobody documented', (good) => ({ ...good, stars: 1 })],
    ['a state that is none', (good) => ({ ...good, state: 'SLEEPING' })],
    ['a number for a name', (good) => ({ ...good, name: 7 })],
    ['a project without a key', (good) => ({ ...good, project: {} })],
  ];
  it.each(spoilt)('%s is refused', async (_, spoil) => {
    const check = ajv.compile(single('RestRepository'));
    const good = await repository();
    expect([check(good), check(spoil(good))]).toEqual([true, false]);
  });
  it('a page that says there is more has to say where', () => {
    const check = ajv.compile(pageOf('RestLabel'));
    const page = { size: 0, limit: 1, start: 0, values: [] };
    expect(check({ ...page, isLastPage: false })).toBe(false);
    expect(check({ ...page, isLastPage: false, nextPageStart: 2 })).toBe(true);
    expect(check({ ...page, isLastPage: true, nextPageStart: null })).toBe(true);
  });
});
