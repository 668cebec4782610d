import { afterEach, expect, it } from '@jest/globals';
import request from 'supertest';
import { openListener } from '../../src/http/listener.ts';
import { metricsRoutes } from '../../src/http/metrics.ts';
import { silentLog } from '../../src/log.ts';
import { metricsOf } from '../kit/metrics.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(registry: Parameters<typeof metricsRoutes>[0]): Promise<string> {
  const listener = await openListener({
    port: 0,
    name: 'ADMIN_PORT',
    host: '127.0.0.1',
    tls: null,
    routes: [metricsRoutes(registry)],
    log: silentLog,
  });
  closing.push(() => listener.close());
  return `http://127.0.0.1:${listener.port}`;
}

it('GET /metrics is the text that Prometheus reads, kept by no cache', async () => {
  const url = await listen(metricsOf().registry);
  const answer = await request(url).get('/metrics');
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.text).toMatch(/^bitbucket_agent_tunnel_open\{role="primary"\} 1$/m);
});

it('HEAD /metrics has the same head and no body, other methods find nothing', async () => {
  const url = await listen(metricsOf().registry);
  const head = await request(url).head('/metrics');
  expect([head.status, head.headers['content-type'], head.text]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    undefined,
  ]);
  expect((await request(url).post('/metrics')).status).toBe(404);
});

it('a registry that fails is a 500 without its words', async () => {
  const url = await listen({
    contentType: 'text/plain',
    metrics: () => Promise.reject(new Error('canary')),
  });
  const answer = await request(url).get('/metrics');
  expect([answer.status, answer.text]).toEqual([500, '{"code":"INTERNAL"}']);
});
