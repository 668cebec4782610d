import { resolve } from 'node:path';
import { readDotenv } from './files.ts';

/** Where the public port of the agent beside this process is, by the variables both have. */
export interface OwnPort {
  /** 1 to 65535; `null` where it cannot be known: `PORT` is 0, or is no port. */
  readonly port: number | null;
  readonly tls: boolean;
}

const DEFAULT_PORT = '8000';
const HIGHEST_PORT = 65_535;

/**
 * Reads `PORT` and `HTTPS_CERT` as `loadConfig` reads them, `.env` of the working folder behind the environment, and
 * nothing else: a health check begins a process every half minute, and the whole configuration costs it twice the time.
 */
export function ownPort(
  given: Readonly<Record<string, string | undefined>> = process.env,
  cwd = process.cwd(),
): OwnPort {
  const dotenv = readDotenv(resolve(cwd, '.env'));
  const values: Readonly<Record<string, string | undefined>> = {
    ...(dotenv.ok ? dotenv.value : {}),
    ...given,
  };
  const text = values.PORT?.trim() || DEFAULT_PORT;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return {
    port: number > 0 && number <= HIGHEST_PORT ? number : null,
    tls: Boolean(values.HTTPS_CERT?.trim()),
  };
}
