import packageJson from '../package.json' with { type: 'json' };

/** This agent's version, from its package. */
export const agentVersion: string = packageJson.version;
