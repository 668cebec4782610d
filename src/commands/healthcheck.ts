import { ownPort } from '../config/own-port.ts';
import { askHere, member } from '../doctor/ask.ts';
import { failureCode } from '../errors.ts';
import { EXIT, ending } from './ending.ts';

const LIMIT_MS = 3_000;

/**
 * `bitbucket-agent healthcheck`: asks `/livez` of the agent that runs beside this process, for container engines that
 * know no HTTP probe. Past any proxy, and whatever name its certificate has. One line; exit code 0: it answers; 1: it
 * does not within 3 s, something else does, or nobody can know where to ask.
 */
export function healthcheck(): Promise<void> {
  return ending(async () => {
    const { port, tls } = ownPort();
    if (port === null) return told('PORT is not a number from 1 to 65535, so nobody knows where to ask');
    const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}/livez`;
    try {
      const { status, json } = await askHere(url, { signal: AbortSignal.timeout(LIMIT_MS) });
      if (status !== 200 || member(json, 'ok') !== true)
        return told(`${url} is not this agent's (${status})`);
    } catch (error) {
      return told(`${url} does not answer (${failureCode(error)})`);
    }
    process.stdout.write(`alive: ${url}\n`);
    return EXIT.ok;
  }, EXIT.defect);
}

function told(reason: string): number {
  process.stderr.write(`not alive: ${reason}\n`);
  return EXIT.no;
}
