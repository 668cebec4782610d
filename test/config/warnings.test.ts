import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { IGNORED } from '../../src/config/official.ts';
import { BASE, file, folder, load } from './stage.ts';

describe('warnings', () => {
  it('name every ignored variable of the official client in one line', () => {
    const { warnings } = load(Object.fromEntries(Object.keys(IGNORED).map((name) => [name, 'x'])));
    expect(warnings).toHaveLength(1);
    for (const name of Object.keys(IGNORED)) expect(warnings[0]).toContain(name);
  });

  it('leave out what the accept list names', () => {
    const rule = {
      path: '/a',
      origin: '${GIT_URL}',
      auth: { scheme: 'bearer', token: '${BITBUCKET_OTHER}' },
    };
    const ACCEPT = file('named.json', JSON.stringify({ private: [rule] }));
    const env = { GIT_URL: 'x', BITBUCKET_OTHER_POOL: 'x,y', GIT_CLIENT_URL: 'http://code-agent:3000' };
    expect(load({ ...env, ACCEPT }).warnings).toEqual([]);
    expect(load({ ...env, ACCEPT, GIT_USERNAME: 'u' }).warnings).toEqual([
      expect.stringContaining('without effect here: GIT_USERNAME.'),
    ]);
    expect(load(env).warnings).toEqual([
      expect.stringContaining('without effect here: GIT_URL.'),
      expect.stringContaining('BITBUCKET_OTHER_POOL'),
    ]);
  });

  it('name unknown variables that look like ours in one line, with what may have been meant', () => {
    const names = [
      'BITBUCKET_PATT',
      'ALLOW_WRITE',
      'ACCEPTT',
      'BROKER_SERVERURL',
      'BITBUCKET_USER',
      'BITBUCKET_URL_FILE',
      'BROKER_COLOUR',
    ];
    expect(load(Object.fromEntries(names.map((name) => [name, 'c4n4ry']))).warnings).toEqual([
      'Not known to this agent: ACCEPTT (ACCEPT?), ALLOW_WRITE (ALLOW_WRITES?), BITBUCKET_PATT (BITBUCKET_PAT?), ' +
        'BITBUCKET_URL_FILE, BITBUCKET_USER (BITBUCKET_USERNAME?), BROKER_COLOUR, ' +
        'BROKER_SERVERURL (BROKER_SERVER_URL?). Such a variable has an effect only where the accept list names it.',
    ]);
  });

  it('do not name what Kubernetes sets for services of such names, nor names of others', () => {
    const env = {
      BITBUCKET_SERVICE_HOST: '10.0.0.1',
      BITBUCKET_SERVICE_PORT_HTTP: '7990',
      BITBUCKET_PORT: 'tcp://10.0.0.1:7990',
      BITBUCKET_PORT_7990_TCP: 'tcp://10.0.0.1:7990',
      BITBUCKET_PORT_7990_TCP_ADDR: '10.0.0.1',
      BROKER_CLIENT_SERVICE_PORT: '8000',
      MY_PAT: 'x',
      ALLOWED: 'x',
      ACCEPTANCE: 'x',
    };
    expect(load(env).warnings).toEqual([]);
  });

  it('of an unknown name stand beside the problems, as it may be the cause', () => {
    const env = { ...BASE, BITBUCKET_PAT: undefined, BITBUCKET_PATT: 'c4n4ry' };
    const start = () => loadConfig({ env, cwd: folder });
    expect(start).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('BITBUCKET_PATT (BITBUCKET_PAT?)') }),
    );
  });

  it.each([
    [{ BROKER_TOKEN: 'my-token' }, /UUID/],
    [{ BITBUCKET_URL: 'http://x.example' }, /http: logins/],
    [{ BROKER_SERVER_URL: 'http://x.example' }, /token goes there unencrypted/],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, /no certificate is checked/],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '1' }, /has no effect/],
  ])('%j is warned of', (env, expected) => {
    expect(load(env).warnings).toEqual([expect.stringMatching(expected)]);
  });
});
