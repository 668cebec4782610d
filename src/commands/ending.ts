import { AgentError, ConfigError, placeOf } from '../errors.ts';
import type { Log } from '../log.ts';

/** What the exit codes of all commands mean. */
export const EXIT = {
  ok: 0,
  /** A defect, or a port that could not be opened. */
  defect: 1,
  /** The configuration or the command line cannot be used; nothing was done. */
  config: 2,
  /** The run failed, or did not start. */
  failed: 3,
  /** The run came to its end, but the receiver refused some batches for good. */
  parked: 4,
} as const;

/** Runs a command; what it fails with stands on stderr, and in the exit code. */
export async function ending(command: () => Promise<number>, otherwise: number): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    process.exitCode =
      error instanceof ConfigError ? EXIT.config : error instanceof AgentError ? otherwise : EXIT.defect;
    process.stderr.write(`${explain(error)}\n`);
  }
}

/** An error for a person: what is wrong, and what to do. */
export function explain(error: unknown): string {
  if (error instanceof AgentError) {
    return error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}`;
  }
  const { name, stack } = placeOf(error);
  return `A defect of this agent: ${name}\n${stack}`;
}

/** A defect ends the process, with its place but without the values it happened on; its supervisor starts a fresh one. */
export function dieLoudly(log: Log): void {
  const die = (error: unknown) => {
    log.error('defect', placeOf(error));
    process.exit(EXIT.defect);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}
