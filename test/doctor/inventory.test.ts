import { afterEach, describe, expect, it } from '@jest/globals';
import { startServer } from '../kit/http-server.ts';
import { atTheEnd, endAll, examined, told } from './stage.ts';

afterEach(endAll);

const API = 'application/vnd.api+json';
const TOKEN = 'the-token-between-two-agents';

/** What the check says of a keeper that answers like this. */
async function looked(status: number, type: string, body: string, code = '') {
  const heard: unknown[] = [];
  const server = await startServer(({ method, url, headers }, response) => {
    heard.push([method, url, headers.authorization]);
    response.writeHead(status, { 'content-type': type, 'x-broker-error-type': code }).end(body);
  });
  atTheEnd(() => server.close());
  const check = await examined({ INVENTORY_URL: `${server.origin}/base`, INVENTORY_TOKEN: TOKEN });
  return { heard, check, lines: check('inventory').map(told) };
}

describe('the agent that keeps the inventory', () => {
  it('is asked with the token, as calls are', async () => {
    const { heard, check, lines } = await looked(200, API, '{"data":[]}');
    expect(lines).toEqual([expect.stringMatching(/^PASS http:.*\/base serves the inventory \| $/)]);
    expect(heard).toEqual([['GET', '/base/essentials/v1/repositories?limit=1', `Bearer ${TOKEN}`]]);
    expect(check('DNS inventory')).toHaveLength(1);
    expect(check('inventory rules').map(told)).toEqual([
      expect.stringMatching(/^PASS .*INVENTORY_URL says so/),
    ]);
    expect(JSON.stringify(check('inventory'))).not.toContain(TOKEN);
  });

  it.each([
    [503, API, '{"errors":[{"code":"NOT_COLLECTED"}]}', '', /^WARN .* has read no inventory yet \| Wait/],
    [
      401,
      'application/json',
      '{}',
      'UNAUTHORIZED',
      /^FAIL .* answers 401 \(UNAUTHORIZED\) \| The tokens differ/,
    ],
    [
      500,
      'application/json',
      '{}',
      'STATE_UNUSABLE',
      /^FAIL .*\(STATE_UNUSABLE\) \| See the log of the agent/,
    ],
    [200, 'text/html', '<p>log in', '', /^FAIL .* answers 200 \(HTTP_200\) \| Check INVENTORY_URL/],
  ])('that answers %d %s %s', async (status, type, body, code, line) => {
    expect((await looked(status, type, body, code)).lines).toEqual([expect.stringMatching(line)]);
  });

  it('is not there', async () => {
    const check = await examined({ INVENTORY_URL: 'http://127.0.0.1:1' });
    expect(check('inventory').map(told)).toEqual([
      expect.stringMatching(/^FAIL http:\/\/127\.0\.0\.1:1 does not answer \(ECONNREFUSED\) \| .*NO_PROXY/),
    ]);
  });

  it('is nobody unless INVENTORY_URL names it; a port for others is looked at', async () => {
    const check = await examined({ INVENTORY_PORT: '0' });
    expect(check('inventory')).toEqual([]);
    expect(check('ports').map(told).join()).toContain('PASS INVENTORY_PORT=0');
    expect((await examined({ INVENTORY_URL: 'off' }))('inventory')).toEqual([]);
  });
});
