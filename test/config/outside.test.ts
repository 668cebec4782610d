import { describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../sandbox/certificates.ts';
import { type Env, file, load, problems, where } from './stage.ts';

const authority = createAuthority();
const other = createAuthority();
const server = authority.issue(['agent.example.com']);

describe('proxies', () => {
  const url = 'http://user:p%40ss@proxy.example:3128';

  it.each<[Env]>([
    [{ HTTPS_PROXY: url }],
    [{ https_proxy: url }],
    [{ HTTPS_PROXY: url, https_proxy: url }],
  ])('%j', (env) => {
    const config = load(env);
    expect(config.network.httpsProxy?.reveal()).toBe(url);
    expect(config.network.httpProxy).toBeNull();
    expect(config.warnings).toEqual([]);
  });

  it('in lower case win, with a warning when they differ', () => {
    const config = load({
      HTTP_PROXY: 'http://a:1',
      http_proxy: 'http://b:2',
      NO_PROXY: 'a',
      no_proxy: 'b, .c d',
    });
    expect(config.network.httpProxy?.reveal()).toBe('http://b:2');
    expect(config.network.noProxy).toEqual(['b', '.c', 'd']);
    expect(config.warnings).toEqual([
      expect.stringContaining('http_proxy'),
      expect.stringContaining('no_proxy'),
    ]);
  });

  it.each([
    'proxy:3128',
    'socks5://proxy:1080',
    'http://',
    'http://u:100%@proxy',
    'http://proxy/path',
    'http://proxy?x',
  ])('%s is a problem', (value) => {
    expect(where({ HTTP_PROXY: value, https_proxy: value })).toEqual(['HTTP_PROXY', 'HTTPS_PROXY']);
  });
});

describe('private CA certificates', () => {
  it('of both variables are gathered, each once', () => {
    const one = file('one.pem', `one:\n${authority.ca}`);
    const both = file('both.pem', `${authority.ca}\n# two\n${other.ca}`);
    const { extraCa } = load({ CA_CERT: one, NODE_EXTRA_CA_CERTS: both }).network;
    expect(extraCa.map((pem) => pem.trim())).toEqual([authority.ca.trim(), other.ca.trim()]);
  });

  it.each([
    'CA_CERT',
    'NODE_EXTRA_CA_CERTS',
    'HTTPS_CERT',
  ])('%s must name a file with certificates', (name) => {
    const rest = name === 'HTTPS_CERT' ? { HTTPS_KEY: file('key.pem', server.key) } : {};
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const path of [
      'gone.pem',
      file('key.pem', server.key),
      file('broken.pem', `${authority.ca}${broken}`),
    ]) {
      expect(problems({ ...rest, [name]: path })).toMatchObject([
        { where: name, reason: expect.stringContaining(path) },
      ]);
    }
  });
});

describe('TLS on the public port', () => {
  it('takes a chain and its key', () => {
    const env = {
      HTTPS_CERT: file('chain.pem', `${server.cert}\n${authority.ca}`),
      HTTPS_KEY: file('key.pem', server.key),
    };
    const config = load(env);
    expect(config.listen.tls?.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(config.listen.tls?.key.reveal()).toBe(server.key);
    expect(config.secrets().map((secret) => secret.reveal())).toContain(server.key);
  });

  it('needs both, of one pair', () => {
    const cert = file('cert.pem', server.cert);
    expect(where({ HTTPS_CERT: cert })).toEqual(['HTTPS_KEY']);
    expect(where({ HTTPS_KEY: file('key.pem', server.key) })).toEqual(['HTTPS_CERT']);
    expect(where({ HTTPS_CERT: cert, HTTPS_KEY: cert })).toEqual(['HTTPS_KEY']);
    const stranger = file('other.pem', other.issue(['x']).key);
    expect(problems({ HTTPS_CERT: cert, HTTPS_KEY: stranger })).toMatchObject([
      { where: 'HTTPS_KEY', reason: expect.stringContaining('does not belong') },
    ]);
  });
});
