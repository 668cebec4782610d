import { describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../sandbox/certificates.ts';
import { ownPort } from '../../src/config/own-port.ts';
import { type Env, file, folder, load, problems } from './stage.ts';

const { key, cert } = createAuthority().issue(['agent.example.com']);
const TLS = { HTTPS_CERT: file('own-port.crt', cert), HTTPS_KEY: file('own-port.key', key) };

const whole = (env: Env) => {
  const { listen } = load(env);
  return { port: listen.port, tls: listen.tls !== null };
};

describe('where the own public port is', () => {
  it.each<Env>([
    {},
    { PORT: '' },
    { PORT: ' 9000 ' },
    { PORT: '1' },
    { PORT: '65535' },
    { PORT: '00080' },
    TLS,
    { ...TLS, PORT: '8443' },
  ])('is the same as the whole configuration says: %j', (env) => {
    expect(ownPort(env, folder)).toEqual(whole(env));
  });

  it.each(['65536', '-1', '8000x', '0x50', '8.5', '123456'])('is not known where PORT is %s', (PORT) => {
    expect(problems({ PORT })).toMatchObject([{ where: 'PORT' }]);
    expect(ownPort({ PORT }, folder).port).toBeNull();
  });

  it('is not known where a free one is taken', () => {
    expect(load({ PORT: '0' }).listen.port).toBe(0);
    expect(ownPort({ PORT: '0' }, folder).port).toBeNull();
  });

  it('stands in .env too, behind the environment', () => {
    file('.env', 'PORT=8100\n');
    try {
      for (const env of [{}, { PORT: '8200' }, { PORT: '' }])
        expect(ownPort(env, folder)).toEqual(whole(env));
      expect(ownPort({}, folder).port).toBe(8100);
    } finally {
      file('.env', '');
    }
  });
});
