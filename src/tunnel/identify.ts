import { createHash } from 'node:crypto';
import type { Role } from './connection.ts';

/**
 * The Snyk Broker client whose wire protocol this agent speaks. The server drops clients older than 4.100.0,
 * warns those older than 4.182.0 and fails on what is no semantic version (snyk-broker 5.22.14, identify handler).
 */
export const PROTOCOL_VERSION = '5.22.14';

/** The one argument of the client's `identify`. The server never answers it and checks no token. */
export function identity(options: {
  readonly token: string;
  readonly filters: unknown;
  readonly agentVersion: string;
  readonly role: Role;
  readonly clientId: string;
}): unknown {
  const { token, filters, agentVersion, role, clientId } = options;
  return {
    token,
    metadata: {
      capabilities: ['post-streams'],
      clientId,
      identifier: createHash('sha256').update(token).digest('hex'),
      preflightChecks: [],
      version: PROTOCOL_VERSION,
      clientConfig: { bitbucketAgent: agentVersion },
      filters,
      role,
    },
  };
}
