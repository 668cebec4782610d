import { createServer as createTlsServer } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createAuthority, type IssuedCertificate, type Validity } from '../../sandbox/certificates.ts';
import { type ProxyOptions, startProxy } from '../../sandbox/connect-proxy.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { startServer } from '../kit/http-server.ts';
import { atTheEnd, type Env, endAll, examined, file, told } from './stage.ts';

const DAY_MS = 86_400_000;
const authority = createAuthority();
const caFile = () => file('ca.pem', authority.ca);
const inDays = (days: number, from = -3): Validity => ({
  from: Date.now() + from * DAY_MS,
  to: Date.now() + days * DAY_MS + 60_000,
});

afterEach(endAll);

/** A Snyk server that speaks TLS. */
async function tlsServer({ key, cert }: IssuedCertificate): Promise<number> {
  const server = createTlsServer({ key, cert }, (_request, response) => {
    response.end('{"ok":true,"version":"5.22.14"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function proxy(options: ProxyOptions = {}) {
  const started = await startProxy(options);
  atTheEnd(() => started.close());
  return started;
}

async function tls(certificate: IssuedCertificate, env: Env = { CA_CERT: caFile() }, host = '127.0.0.1') {
  const port = await tlsServer(certificate);
  const check = await examined({ BROKER_SERVER_URL: `https://${host}:${port}`, ...env });
  return { tls: check('TLS Snyk server').map(told), next: check('Snyk server').map(told) };
}

describe('TLS', () => {
  it('of a private CA passes with CA_CERT, and names it', async () => {
    const found = await tls(authority.issue(['127.0.0.1'], inDays(40)));
    expect(found.tls).toEqual([
      expect.stringMatching(
        /^PASS 127\.0\.0\.1, issued by Sandbox Authority, valid until \d{4}-.*; a private CA, from CA_CERT/,
      ),
    ]);
    expect(found.next).toEqual([expect.stringMatching(/^PASS https:.* answers, version 5\.22\.14/)]);
  });

  it.each([20, 0])('warns of a certificate that ends in %d days', async (days) => {
    const found = await tls(authority.issue(['127.0.0.1'], inDays(days)));
    expect(found.tls).toEqual([
      expect.stringMatching(new RegExp(`^WARN .*in ${days} days.*\\| Have .* renewed`)),
    ]);
    expect(found.next).toEqual([expect.stringMatching(/^PASS /)]);
  });

  it('does not warn 22 days before the end', async () => {
    expect((await tls(authority.issue(['127.0.0.1'], inDays(22)))).tls).toEqual([
      expect.stringMatching(/^PASS/),
    ]);
  });

  it('fails on an expired certificate, and what needs it is skipped', async () => {
    const found = await tls(authority.issue(['127.0.0.1'], inDays(-1)));
    expect(found.tls).toEqual([expect.stringMatching(/^FAIL the certificate .* has expired on .*renewed/)]);
    expect(found.next).toEqual(['SKIP not looked at, as TLS Snyk server is not in order | ']);
  });

  it('fails on one that is not valid yet', async () => {
    const found = await tls(authority.issue(['127.0.0.1'], inDays(30, 2)));
    expect(found.tls).toEqual([expect.stringMatching(/^FAIL the certificate is not valid yet.*clock/)]);
  });

  it('fails on a certificate for another name, and tells for which it is', async () => {
    const found = await tls(authority.issue(['other.example'], inDays(30)));
    expect(found.tls).toEqual([
      expect.stringMatching(
        /^FAIL the certificate is not for 127\.0\.0\.1, but for DNS:other\.example \(ERR_TLS/,
      ),
    ]);
  });

  it('fails without CA_CERT, and says that it may be a private CA or a chain that is not complete', async () => {
    const found = await tls(authority.issue(['127.0.0.1'], inDays(30)), {});
    expect(found.tls).toEqual([
      expect.stringMatching(/^FAIL the chain is not complete: .* Sandbox Authority.*CA_CERT/),
    ]);
  });

  it('fails where the server sends the whole chain of a CA that is not trusted', async () => {
    const { key, cert } = authority.issue(['127.0.0.1'], inDays(30));
    const found = await tls({ key, cert: `${cert}\n${authority.ca}` }, {});
    expect(found.tls).toEqual([expect.stringMatching(/^FAIL the chain ends at Sandbox Authority.*CA_CERT/)]);
  });

  it('fails where the intermediate certificate is not sent, and passes where it is', async () => {
    const below = authority.intermediate();
    const { key, cert } = below.issue(['127.0.0.1'], inDays(30));
    expect((await tls({ key, cert })).tls).toEqual([
      expect.stringMatching(
        /^FAIL the chain is not complete.*Sandbox Authority Intermediate.*intermediate certificates/,
      ),
    ]);
    expect((await tls({ key, cert: `${cert}\n${below.ca}` })).tls).toEqual([
      // The intermediate one ends first, tomorrow.
      expect.stringMatching(/^WARN .*in 0 days.*the certificate of Sandbox Authority Intermediate renewed/),
    ]);
  });

  it('passes where the server sends a certificate along that has expired and that trust does not need', async () => {
    const { key, cert } = authority.issue(['127.0.0.1'], inDays(30));
    const found = await tls({ key, cert: `${cert}\n${authority.crossSigned(inDays(-1))}` });
    expect(found.tls).toEqual([expect.stringMatching(/^PASS 127\.0\.0\.1, issued by Sandbox Authority/)]);
    expect(found.next).toEqual([expect.stringMatching(/^PASS /)]);
  });

  it('fails where http is spoken', async () => {
    const plain = await startServer((_request, response) => response.end('hello'));
    atTheEnd(() => plain.close());
    const check = await examined({ BITBUCKET_URL: `https://127.0.0.1:${plain.port}` });
    expect(check('TLS Bitbucket').map(told)).toEqual([
      expect.stringMatching(/^FAIL .* speaks http, not https.*BITBUCKET_URL=http:/),
    ]);
  });

  it('fails where nothing listens', async () => {
    const check = await examined({ BITBUCKET_URL: `https://127.0.0.1:${await freePort()}` });
    expect(check('TLS Bitbucket').map(told)).toEqual([
      expect.stringMatching(
        /^FAIL .* takes no connection \(ECONNREFUSED\) \| Check host and port in BITBUCKET_URL/,
      ),
    ]);
  });

  it('shows the names of a certificate without their control characters', async () => {
    const found = await tls(authority.issue(['x\u001b[2J', '127.0.0.1'], inDays(30)));
    expect(found.tls).toEqual([expect.stringMatching(/^PASS x\uFFFD\[2J, issued by/)]);
  });
});

describe('DNS', () => {
  it('fails on a name that nobody knows, and what needs it is skipped', async () => {
    const check = await examined({ BITBUCKET_URL: 'https://bitbucket.invalid' });
    expect(check('DNS Bitbucket').map(told)).toEqual([
      expect.stringMatching(/^FAIL bitbucket\.invalid cannot be looked up \(E\w+\) \| Check .*/),
    ]);
    for (const name of ['proxy Bitbucket', 'TLS Bitbucket', 'Bitbucket', 'credentials', 'visible']) {
      expect(check(name).map(({ verdict }) => verdict)).toEqual(['SKIP']);
    }
  });

  it('tells all addresses', async () => {
    const check = await examined({ BITBUCKET_URL: `http://localhost:${await freePort()}` });
    expect(check('DNS Bitbucket')[0]?.data?.addresses).toContain('127.0.0.1');
  });

  it("looks up the proxy's name instead, and says so", async () => {
    const { url } = await proxy();
    const check = await examined({ BITBUCKET_URL: 'https://bitbucket.invalid', HTTPS_PROXY: url });
    expect(check('DNS Bitbucket').map(told)).toEqual([
      'PASS 127.0.0.1 is an address; the proxy looks up bitbucket.invalid | ',
    ]);
  });
});

describe('the proxy', () => {
  const issued = authority.issue(['127.0.0.1'], inDays(30));
  const through = async (env: (port: number) => Promise<Env>) => {
    const port = await tlsServer(issued);
    return examined({
      BROKER_SERVER_URL: `https://127.0.0.1:${port}`,
      CA_CERT: caFile(),
      ...(await env(port)),
    });
  };

  it('lets everything through with the right login, which is not shown', async () => {
    const { url, requests } = await proxy({ username: 'user', password: 'pass@word' });
    const check = await through(async () => ({ HTTPS_PROXY: url }));
    const [found] = check('proxy Snyk server');
    expect(found).toMatchObject({
      verdict: 'PASS',
      what: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ lets connections through/),
    });
    expect(JSON.stringify(found)).not.toContain('pass');
    expect(check('TLS Snyk server')).toMatchObject([{ verdict: 'PASS' }]);
    expect(check('Snyk server')).toMatchObject([{ verdict: 'PASS' }]);
    expect(requests.every(({ authorized }) => authorized)).toBe(true);
  });

  it('fails with 407 on a wrong login', async () => {
    const { url } = await proxy({ username: 'user', password: 'right' });
    const check = await through(async () => ({ HTTPS_PROXY: url.replace('right', 'wrong') }));
    expect(check('proxy Snyk server').map(told)).toEqual([
      expect.stringMatching(/^FAIL .* refuses its login \(407\) \| Check the user and the password/),
    ]);
    expect(check('Snyk server')).toMatchObject([{ verdict: 'SKIP' }]);
  });

  it('fails with another status of a proxy that does not let through', async () => {
    const closed = await startServer(() => {});
    closed.server.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    atTheEnd(() => closed.close());
    const check = await through(async () => ({ HTTPS_PROXY: closed.origin }));
    expect(check('proxy Snyk server').map(told)).toEqual([
      expect.stringMatching(/^FAIL .* answers CONNECT to .* with 403 \| Have the proxy allow CONNECT/),
    ]);
  });

  it('fails where there is none', async () => {
    const check = await through(async () => ({ HTTPS_PROXY: `http://127.0.0.1:${await freePort()}` }));
    expect(check('proxy Snyk server').map(told)).toEqual([
      expect.stringMatching(
        /^FAIL .* cannot be reached \(ECONNREFUSED\) \| Check host and port in HTTP_PROXY/,
      ),
    ]);
  });

  it('is passed by with NO_PROXY, which is said', async () => {
    const { url, requests } = await proxy();
    const check = await through(async () => ({ HTTPS_PROXY: url, NO_PROXY: '127.0.0.0/8' }));
    expect(check('proxy Snyk server').map(told)).toEqual(['PASS none: NO_PROXY has 127.0.0.1 | ']);
    expect(requests).toEqual([]);
  });

  it('is asked without CONNECT for a Bitbucket that speaks http', async () => {
    const { url, requests } = await proxy();
    const check = await examined({ HTTP_PROXY: url });
    expect(check('proxy Bitbucket').map(told)).toEqual([
      expect.stringMatching(/^PASS .* is asked for http:.* without CONNECT/),
    ]);
    expect(check('credentials')).toMatchObject([{ verdict: 'PASS' }]);
    expect(requests.some(({ kind }) => kind === 'absolute')).toBe(true);
  });
});
