import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export { memoryOf } from '../sandbox/process-memory.ts';

/** The unit of times in /proc/PID/stat, USER_HZ: 100 a second on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;

/**
 * CPU seconds that a process has taken since it began, in user and kernel, all its threads: read out of /proc (Linux
 * only), so that measuring costs the process nothing.
 *
 * The kernel counts nanoseconds a thread, of those that still live, and hundredths of a second for the whole process,
 * those that ended included: the larger of both is right to a hundredth, and exact where no thread has ended.
 * Throws when there is no such process.
 */
export function cpuSecondsOf(pid: number): number {
  return Math.max(secondsOfThreads(pid), secondsOfProcess(pid));
}

/** Has `memoryOf` tell the peak from now on, by `proc_pid_clear_refs(5)`. Throws when there is no such process. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** By `proc_pid_stat(5)`; the name in parentheses, which comes second, may have spaces and parentheses itself. */
function secondsOfProcess(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** 0 where the kernel keeps no `schedstat`. */
function secondsOfThreads(pid: number): number {
  const folder = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const thread of readdirSync(folder)) {
    try {
      nanoseconds += Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      // The thread has ended meanwhile, or there is no such file.
    }
  }
  return nanoseconds / 1e9;
}
