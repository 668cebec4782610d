import { describe, expect, it } from '@jest/globals';
import { Router } from 'express';
import { openListener } from '../../src/http/listener.ts';
import { type Fields, silentLog } from '../../src/log.ts';

describe('what a route throws after its answer has begun', () => {
  it('breaks the answer off and is logged as a defect, without its text', async () => {
    const lines: unknown[] = [];
    const routes = [
      Router()
        .get('/begun', (_request, response) => {
          response.write('a');
          throw new Error('canary');
        })
        .get('/whole', (_request, response) => {
          response.json({ ok: true });
          throw new Error('canary');
        }),
    ];
    const error = (message: string, fields?: Fields) => void lines.push([message, fields]);
    const listener = await openListener({
      ...{ port: 0, name: 'PORT', host: '127.0.0.1', tls: null, routes },
      log: { ...silentLog, error },
    });
    try {
      const url = `http://127.0.0.1:${listener.port}`;
      await expect(fetch(`${url}/begun`).then((answer) => answer.text())).rejects.toThrow();
      expect(await (await fetch(`${url}/whole`)).json()).toEqual({ ok: true });
    } finally {
      await listener.close();
    }
    const place = { name: 'Error', stack: expect.stringContaining('    at ') };
    expect(lines).toEqual([
      ['defect', place],
      ['defect', place],
    ]);
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});
