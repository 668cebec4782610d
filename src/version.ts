import { readFileSync } from 'node:fs';

/** This agent's version, from its package. */
export const agentVersion: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
