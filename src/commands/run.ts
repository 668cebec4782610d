import { type Agent, startAgent } from '../agent.ts';
import { loadConfig } from '../config/load.ts';
import { AgentError, ConfigError, placeOf } from '../errors.ts';
import { gateProblems } from '../gate.ts';
import { createLog, type Log } from '../log.ts';

const EXIT_FAILED = 1;
const EXIT_CONFIG = 2;

/**
 * `bitbucket-agent run`: serves until SIGTERM or SIGINT, then drains and exits with 0. A second signal exits at once.
 * Exit code 2: the configuration cannot be used, everything wrong with it stands on stderr; no port was opened.
 */
export async function run(): Promise<void> {
  try {
    const config = loadConfig({ alsoWrong: gateProblems });
    const log = createLog(config.logLevel, config.secrets);
    dieLoudly(log);
    stopOnSignal(await startAgent(config, log), log);
  } catch (error) {
    process.exitCode = error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAILED;
    process.stderr.write(`${explain(error)}\n`);
  }
}

function explain(error: unknown): string {
  if (error instanceof AgentError) {
    return error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}`;
  }
  const { name, stack } = placeOf(error);
  return `A defect of this agent: ${name}\n${stack}`;
}

function stopOnSignal(agent: Agent, log: Log): void {
  let leaving = false;
  const leave = (signal: NodeJS.Signals) => {
    if (leaving) process.exit(EXIT_FAILED);
    leaving = true;
    log.info('draining', { signal });
    agent.drain(signal).then(
      () => {
        log.info('stopped', { signal });
        process.exit(0);
      },
      (error: unknown) => {
        log.error('could not drain', placeOf(error));
        process.exit(EXIT_FAILED);
      },
    );
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
}

/** A defect ends the process, with its place but without the values it happened on; its supervisor starts a fresh one. */
function dieLoudly(log: Log): void {
  const die = (error: unknown) => {
    log.error('defect', placeOf(error));
    process.exit(EXIT_FAILED);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}
