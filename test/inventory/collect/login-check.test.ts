import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ALL,
  acceptWithout,
  asked,
  PERMISSION,
  REPOSITORIES_ONLY,
  setStage,
  strike,
  USERS_ONLY,
  visible,
} from './stage.ts';

afterEach(strike);

describe('a run that asks first whether its login is one', () => {
  it('fails where its token is not accepted any more and anonymous access is on, of whatever it reads', async () => {
    for (const scope of [ALL, REPOSITORIES_ONLY, USERS_ONLY]) {
      const stage = await setStage({ anonymousAccess: true, token: 'revoked' });
      const error = await stage.collect(scope).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'BITBUCKET_REFUSED',
        status: 401,
        hint: expect.stringContaining('expired'),
      });
      expect(stage.bitbucket.requests.map(({ url }) => url)).toEqual(['/bb/rest/api/1.0/users?limit=1']);
      await strike();
    }
  });

  it('fails where nobody is told of a missing permission', async () => {
    const stage = await setStage({ anonymousAccess: true, token: 'revoked' });
    const match = '/bb/rest/api/1.0/users';
    stage.bitbucket.faults.add({ kind: 'status', status: 401, body: PERMISSION, match });
    const error = await stage.collect(REPOSITORIES_ONLY).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'BITBUCKET_REFUSED',
      message: expect.stringContaining('as to nobody'),
      hint: expect.stringContaining('anonymous access'),
    });
    expect(asked(stage, '/repos')).toEqual([]);
  });

  it.each([
    [401, PERMISSION, {}],
    [401, PERMISSION, { 'X-AUSERNAME': 'admin' }],
    [403, '{}', {}],
    [404, '{}', {}],
  ])('goes on where its login works and may list no users: %s %s %j', async (status, body, headers) => {
    const stage = await setStage();
    for (const match of ['/bb/rest/api/1.0/users', '/bb/rest/api/1.0/admin/users'])
      stage.bitbucket.faults.add({ kind: 'status', status, body, headers, match });
    const { repositories } = await stage.collect(REPOSITORIES_ONLY);
    expect(repositories).toBe(visible(stage.bitbucket.world).repositories.length);
  });

  it.each([
    ['/users', ['/users'], '/admin/users?limit=1'],
    ['either list of users', ['/users', '/admin/users'], null],
  ])('does without a rule for %s', async (_, lacking, call) => {
    const stage = await setStage({ accept: acceptWithout(...lacking) });
    const { repositories } = await stage.collect(REPOSITORIES_ONLY);
    expect(repositories).toBe(visible(stage.bitbucket.world).repositories.length);
    const calls = [...asked(stage, '/users'), ...asked(stage, '/admin')];
    expect(calls).toEqual(call === null ? [] : [call]);
  });
});
