import { readFileSync } from 'node:fs';

/** Bytes of main memory that a process has in use now, and had at the highest. */
export interface ProcessMemory {
  readonly rss: number;
  readonly peak: number;
}

/** Reads VmRSS and VmHWM (Linux only). Throws when there is no such process, or none any more. */
export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string) => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    if (kibibytes === undefined) throw new Error(`/proc/${pid}/status says nothing of ${name}`);
    return Number(kibibytes) * 1024;
  };
  return { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
}
