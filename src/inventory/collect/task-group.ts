import { interrupted } from '../../bitbucket/fetch.ts';

type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Runs tasks at the same time. The first that fails stops the others; when this settles none of them runs any more.
 *
 * @throws what the first one failed with; AgentError `RUN_INTERRUPTED` when `signal` was aborted
 */
export async function runTogether(signal: AbortSignal, tasks: readonly Task[]): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  const guarded = async (task: Task): Promise<void> => {
    try {
      await task(either);
    } catch (error) {
      failures.push(error);
      stop.abort();
    }
  };
  await Promise.all(tasks.map(guarded));
  if (signal.aborted) throw interrupted();
  if (failures.length > 0) throw failures[0];
}
