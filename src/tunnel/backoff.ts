/** Attempts go up to this far apart while an outage is young, so that a restart of the server is noticed soon. */
const YOUNG_OUTAGE_MS = 5 * 60_000;
const YOUNG_CAP_MS = 8_000;
const OLD_CAP_MS = 30_000;
const FIRST_MS = 500;
const FLOOR_MS = 50;

/**
 * How long to wait before the next attempt, in milliseconds: exponential with full jitter, for ever.
 *
 * @param attempt failed attempts since the connection was last stable, from 0
 * @param outageMs time since then
 * @param random uniform in [0, 1)
 */
export function reconnectDelay(attempt: number, outageMs: number, random: number): number {
  const cap = outageMs < YOUNG_OUTAGE_MS ? YOUNG_CAP_MS : OLD_CAP_MS;
  const ceiling = Math.min(cap, FIRST_MS * 2 ** Math.min(attempt, 16));
  return FLOOR_MS + Math.floor(random * (ceiling - FLOOR_MS));
}
