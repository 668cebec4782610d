import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.ts';
import { firewallRows } from '../../src/network/firewall-table.ts';
import { type Env, load } from '../config/stage.ts';

const rows = (env: Env = {}, more: { origins?: string[]; webhooks?: boolean; tls?: boolean } = {}) => {
  const config: Config = load(env);
  return firewallRows({ config, origins: ['https://git.example.com'], webhooks: false, tls: false, ...more });
};
const short = (...given: Parameters<typeof rows>) =>
  rows(...given).map(({ direction, peer, port, protocol }) => `${direction} ${peer} ${port} ${protocol}`);

describe('the firewall table', () => {
  it('is short where little is used', () => {
    expect(short()).toEqual([
      'out broker.snyk.io 443 wss',
      'out broker.snyk.io 443 https',
      'out git.example.com 443 https',
      "out the host's resolver 53 DNS, udp and tcp",
      'in orchestrator 8000 http',
      'in this host itself 8001 http',
    ]);
  });

  it('has the way to the agent that keeps the inventory, and the one in to that agent', () => {
    expect(short({ INVENTORY_URL: 'http://keeper.example:8003' })).toContain('out keeper.example 8003 http');
    expect(short({ INVENTORY_URL: 'off' })).toEqual(short());
    const served = { INVENTORY_PORT: '8003', PROFILE_NAME: 'x' };
    expect(short(served, { tls: true })).toContain('in agents of the same token 8003 https');
  });

  it('has all that is turned on', () => {
    const env = {
      BROKER_SERVER_URL: 'https://broker.eu.snyk.io',
      BROKER_HA_MODE_ENABLED: 'true',
      BITBUCKET_URL: 'http://git.example.com:7990/context',
      ESSENTIALS_DELIVERY: 'https',
      ESSENTIALS_URL: 'https://in.example.com:8443/batches',
      PORT: '9000',
      ADMIN_HOST: '0.0.0.0',
      ADMIN_PORT: '9001',
      ADMIN_TOKEN: 'a-long-token-of-my-own',
      HTTP_RELAY: 'true',
      RELAY_TOKEN: 'another-token-of-my-own',
      RELAY_PORT: '9002',
    };
    const origins = [
      'http://git.example.com:7990',
      'agent:',
      'https://other.example.com',
      'https://other.example.com',
    ];
    expect(short(env, { origins, webhooks: true, tls: true })).toEqual([
      'out broker.eu.snyk.io 443 wss',
      'out broker.eu.snyk.io 443 https',
      'out api.eu.snyk.io 443 https',
      'out git.example.com 7990 http',
      'out other.example.com 443 https',
      'out in.example.com 8443 https',
      "out the host's resolver 53 DNS, udp and tcp",
      'in Bitbucket 9000 https',
      'in orchestrator 9000 https',
      'in operators 9001 http',
      'in the Snyk Broker client 9002 http',
    ]);
  });

  it('goes to the proxy where one is set, without its login', () => {
    const env = { HTTPS_PROXY: 'http://user:canary@proxy.example.com:3128', NO_PROXY: 'git.example.com' };
    expect(short(env).slice(0, 3)).toEqual([
      'out proxy.example.com (proxy) 3128 wss through http CONNECT',
      'out proxy.example.com (proxy) 3128 https through http CONNECT',
      'out git.example.com 443 https',
    ]);
    expect(rows(env)[0]?.purpose).toMatch(/^to broker\.snyk\.io:443: /);
    expect(JSON.stringify(rows(env))).not.toContain('canary');
    const plain = { BITBUCKET_URL: 'http://git.example.com', HTTP_PROXY: 'http://proxy.example.com:3128' };
    expect(short(plain)).toContain('out proxy.example.com (proxy) 3128 http through http proxy');
    expect(short({ ...plain, BROKER_SERVER_URL: 'http://broker.example.com' })[0]).toBe(
      'out proxy.example.com (proxy) 3128 ws through http CONNECT',
    );
  });
});
