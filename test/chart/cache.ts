import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from './places.ts';

const UNFINISHED = /^unfinished-(\d+)-/;

/**
 * The cache's folder of that kind and key, made where it is not there yet; older ones of the kind go then. It has its
 * name only when everything in it is whole. Of runs at the same time each makes its own, and the first is kept.
 */
export async function cached(
  { kind, key, cache = CACHE }: { kind: string; key: string; cache?: string },
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, `${kind}-${key}`);
  if (existsSync(folder)) return folder;
  const unfinished = join(cache, `unfinished-${process.pid}-${kind}-${key}`);
  mkdirSync(unfinished, { recursive: true });
  try {
    await make(unfinished);
    moveUnlessThere(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  for (const name of readdirSync(cache).filter((one) => isOver(one, kind) && join(cache, one) !== folder))
    rmSync(join(cache, name), { recursive: true, force: true });
  return folder;
}

function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

/** What nobody uses any more: an older one of the kind, or what a run has left that was broken off. */
function isOver(name: string, kind: string): boolean {
  const maker = UNFINISHED.exec(name)?.[1];
  return maker === undefined ? name.startsWith(`${kind}-`) : !runs(Number(maker));
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
