import { fileURLToPath } from 'node:url';
import type { AcceptConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { readText } from './files.ts';

/** The same folder from `src/config` and from `dist/config`. */
const SHIPPED_ACCEPT = fileURLToPath(new URL('../../config/accept/bitbucket-server.json', import.meta.url));

/** The text of the accept list; what it says is not looked at here. */
export function acceptConfig(env: Environment): AcceptConfig {
  const given = env.read('ACCEPT');
  const shipped = given === undefined;
  const path = shipped ? SHIPPED_ACCEPT : env.path(given);
  if (given !== undefined && /^[a-z][a-z\d+.-]*:\/\//i.test(given)) {
    env.problem('ACCEPT', 'is a URL; lists are not downloaded, pin one as a file and give its path');
    return { path: '', text: '', shipped };
  }
  const file = readText(path);
  if (file.ok) return { path, text: file.value, shipped };
  env.problem('ACCEPT', file.reason);
  return { path, text: '', shipped };
}
