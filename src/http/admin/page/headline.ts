import { type AdminStatus, isReady } from '../status.ts';
import type { Tone } from './layout.ts';

/** The agent's state in a few words, for the title and the head of the page. */
export interface Headline {
  readonly tone: Tone;
  readonly text: string;
  /** What that means. */
  readonly detail: string;
}

/** The worst of what there is to say. */
export function headlineOf(status: AdminStatus): Headline {
  const { tunnel, pause, draining, audit } = status;
  const open = tunnel.filter((socket) => socket.open).length;
  const paused = pause.since !== null;
  if (draining) return { tone: 'warn', text: 'Stopping', detail: 'Calls in flight are still answered.' };
  if (!isReady(status)) {
    const detail = 'No socket to the Snyk Broker server is open. The agent goes on trying.';
    return { tone: 'bad', text: paused ? 'Disconnected and paused' : 'Disconnected', detail };
  }
  if (paused) return { tone: 'warn', text: 'Paused', detail: 'Calls from Snyk are answered with 503.' };
  if (audit !== undefined && audit.failing !== null)
    return { tone: 'bad', text: 'Connected, audit failing', detail: 'The audit trail cannot be written.' };
  if (open < tunnel.length)
    return { tone: 'warn', text: 'Connected by one socket', detail: 'The other one is being opened again.' };
  return { tone: 'good', text: 'Connected', detail: 'Both sockets to the Snyk Broker server are open.' };
}
