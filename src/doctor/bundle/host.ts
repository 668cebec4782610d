import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, release, totalmem, type } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { agentVersion } from '../../version.ts';

/** What limits a container: cgroup version 2, then 1. */
const LIMITS = {
  memoryMax: ['memory.max', 'memory/memory.limit_in_bytes'],
  memoryCurrent: ['memory.current', 'memory/memory.usage_in_bytes'],
  cpuMax: ['cpu.max', 'cpu/cpu.cfs_quota_us'],
  pidsMax: ['pids.max', 'pids/pids.max'],
} as const;
const LONGEST = 100;

/** What the agent runs on. Neither the host's name nor its addresses. */
export const hostFacts = () => ({
  version: agentVersion,
  node: process.version,
  openssl: process.versions.openssl,
  system: `${type()} ${release()} ${process.arch}`,
  processors: availableParallelism(),
  memory: { total: totalmem(), free: freemem(), limit: process.constrainedMemory() },
  heapLimit: getHeapStatistics().heap_size_limit,
  cgroup: Object.fromEntries(Object.entries(LIMITS).map(([name, files]) => [name, firstOf(files)])),
});

function firstOf(files: readonly string[]): string | null {
  for (const file of files) {
    try {
      return readFileSync(`/sys/fs/cgroup/${file}`, 'utf8').trim().slice(0, LONGEST);
    } catch {
      // Not this version, or no cgroup at all.
    }
  }
  return null;
}
