import { gateProblems } from '../agent/gate.ts';
import { type Agent, startAgent } from '../agent.ts';
import { loadConfig } from '../config/load.ts';
import { placeOf } from '../errors.ts';
import { createLog, type Log } from '../log.ts';
import { dieLoudly, EXIT, ending } from './ending.ts';

/**
 * `bitbucket-agent run`: serves until SIGTERM or SIGINT, then drains and exits with 0. A second signal exits at once.
 * Exit code 2: the configuration cannot be used, everything wrong with it stands on stderr; no port was opened.
 */
export function run(): Promise<void> {
  return ending(async () => {
    const config = loadConfig({ alsoWrong: gateProblems });
    const log = createLog(config.logLevel, config.secrets);
    dieLoudly(log);
    stopOnSignal(await startAgent(config, log), log);
    return EXIT.ok;
  }, EXIT.defect);
}

function stopOnSignal(agent: Agent, log: Log): void {
  let leaving = false;
  const leave = (signal: NodeJS.Signals) => {
    if (leaving) process.exit(EXIT.defect);
    leaving = true;
    log.info('draining', { signal });
    agent.drain(signal).then(
      () => {
        log.info('stopped', { signal });
        process.exit(EXIT.ok);
      },
      (error: unknown) => {
        log.error('could not drain', placeOf(error));
        process.exit(EXIT.defect);
      },
    );
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
}
