import { AgentError, ConfigError, failureCode, placeOf } from '../errors.ts';
import type { Log } from '../log.ts';

/** What the exit codes of all commands mean. */
export const EXIT = {
  ok: 0,
  /** A defect, a port that could not be opened, or a result that could not be written. */
  defect: 1,
  /** The answer of a command that asks is no: refused, an error found, or something newly allowed. */
  no: 1,
  /** The configuration or the command line cannot be used; nothing was done. */
  config: 2,
  /** The run failed, or did not start. */
  failed: 3,
  /** The run came to its end, but the receiver refused some batches for good. */
  parked: 4,
} as const;

/** Runs a command; what it fails with stands on stderr, and in the exit code. */
export async function ending(command: () => Promise<number>, otherwise: number): Promise<void> {
  process.stdout.on('error', (error) => unwritable(error));
  try {
    process.exitCode = await command();
  } catch (error) {
    process.exitCode =
      error instanceof ConfigError ? EXIT.config : error instanceof AgentError ? otherwise : EXIT.defect;
    process.stderr.write(`${explain(error)}\n`);
  }
}

/** Whoever reads the output has had enough, or there is no room for it. */
function unwritable(error: Error): void {
  const code = failureCode(error);
  if (code === 'EPIPE') return;
  process.stderr.write(`The result could not be written (${code}).\n`);
  process.exitCode = EXIT.defect;
  process.once('exit', () => {
    process.exitCode = EXIT.defect;
  });
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
