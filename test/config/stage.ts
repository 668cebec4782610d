import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError, type Problem } from '../../src/errors.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export const TOKEN = '11111111-2222-4333-8444-555555555555';

/** The least a configuration needs. */
export const BASE: Env = {
  BROKER_TOKEN: TOKEN,
  BITBUCKET_URL: 'https://git.example.com/bitbucket',
  BITBUCKET_PAT: 'first-token',
  ACCEPT: 'accept.json',
};

/** A working folder of the test file's own, with an accept list in it. */
export const folder = mkdtempSync(join(tmpdir(), 'config-'));
writeFileSync(join(folder, 'accept.json'), '{"public":[],"private":[]}');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file into the folder and gives its absolute path. */
export function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

export function load(env: Env): Config {
  return loadConfig({ env: { ...BASE, ...env }, cwd: folder });
}

/** All problems; a configuration without any is a failure of the test. */
export function problems(env: Env): readonly Problem[] {
  try {
    loadConfig({ env: { ...BASE, ...env }, cwd: folder });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('no problem was told');
}

export function where(env: Env): string[] {
  return problems(env).map((problem) => problem.where);
}
