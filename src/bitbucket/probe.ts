import type { AgentError } from '../errors.ts';
import type { Outgoing, Send } from './send.ts';

/** What a first look at Bitbucket showed. */
export type ProbeResult =
  | {
      readonly answers: true;
      readonly status: number;
      readonly bytes: number;
      readonly version: string | null;
    }
  | { readonly answers: false; readonly error: AgentError };

const LONGEST_ANSWER_BYTES = 64 * 1024;

/** Asks for `application-properties`, which needs no login, through the same sending as every call. Never rejects. */
export function probeBitbucket(
  send: Send,
  request: Pick<Outgoing, 'origin' | 'path' | 'login'>,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    const headers = { accept: 'application/json', 'accept-encoding': 'identity' };
    send(
      { ...request, method: 'GET', headers, body: null },
      {
        head: (given) => {
          status = given;
        },
        data: (chunk) => {
          size += chunk.length;
          if (size <= LONGEST_ANSWER_BYTES) chunks.push(chunk);
          return true;
        },
        end: () => resolve({ answers: true, status, bytes: size, version: versionIn(Buffer.concat(chunks)) }),
        failed: (error) => resolve({ answers: false, error }),
      },
    );
  });
}

function versionIn(body: Buffer): string | null {
  try {
    const { version } = JSON.parse(body.toString('utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}
