import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { acceptFile } from './accept-file.ts';
import { type CommandStage, startCommandStage, told } from './command.ts';
import { heldBy, truthOf } from './inventory-truth.ts';

const SHIPPED = new URL('../../config/accept/bitbucket-server.json', import.meta.url);

let desk: CommandStage;
beforeAll(async () => {
  desk = await startCommandStage();
});
afterAll(() => desk?.close());

const paths = () => desk.stage.bitbucket.requests.map(({ url }) => url.replace(/\?.*/, ''));

describe('an accept list that lacks what the inventory needs', () => {
  const shipped = JSON.parse(readFileSync(SHIPPED, 'utf8'));
  const without = (...gone: string[]) => ({
    ...shipped,
    private: shipped.private.filter(({ path }: { path: string }) => !gone.includes(path)),
  });

  it('is told before anything is read, and with the rules it names the run is complete', async () => {
    const bench = desk.fresh();
    const list = without('/repos', '/projects/:projectKey/repos', '/users', '/admin/users');
    const poor = acceptFile(list);
    try {
      const { code, output } = await bench.ended(['sync', '--once'], { ACCEPT: poor.path });
      expect(code).toBe(3);
      expect(desk.stage.bitbucket.requests).toEqual([]);
      expect(bench.received()).toEqual([]);
      const named = output.match(/^\s*\{"method".*\}(?=,?$)/gm)?.map((line) => JSON.parse(line)) ?? [];
      expect(named.map(({ path }) => path).sort()).toEqual(
        ['/admin/users', '/projects/:projectKey/repos', '/repos', '/users'].sort(),
      );
      const mended = acceptFile({ ...list, private: [...list.private, ...named] });
      try {
        expect((await bench.ended(['sync', '--once'], { ACCEPT: mended.path })).code).toBe(0);
      } finally {
        mended.remove();
      }
      expect(heldBy(bench.receiver)).toEqual(truthOf(desk.stage.bitbucket));
    } finally {
      poor.remove();
    }
  });

  it('only adds: the run is complete and its notes say what is missing', async () => {
    const bench = desk.fresh();
    const poor = acceptFile(without('/projects/:projectKey/repos/:repositorySlug/labels', '/admin/users'));
    try {
      const { code, output } = await bench.ended(['sync', '--once', '--enrich'], { ACCEPT: poor.path });
      expect(code).toBe(0);
      expect(output).toMatch(/No rule allows GET \/admin\/users/);
      expect(output).toMatch(/labels stays null.*\{"method"/);
      expect(told(output, 'users')).toMatch(/from \/users$/);
      expect(paths().filter((path) => /labels|admin/.test(path))).toEqual([]);
      for (const { labels } of bench.receiver.repositories.values()) expect(labels).toBeNull();
    } finally {
      poor.remove();
    }
  });
});
