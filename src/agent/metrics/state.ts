import type { TrailState } from '../../audit/trail.ts';
import type { Tunnel } from '../../tunnel/tunnel.ts';
import type { Readings, Sample } from './readings.ts';

export type TunnelSource = Pick<Tunnel, 'state' | 'inFlight' | 'dropped' | 'oddities'>;

/** Both sockets, and what came over them that should not have. */
export function tunnelMetrics(readings: Readings, tunnel: TunnelSource): void {
  const byKind = (counts: ReadonlyMap<string, number>): Sample[] =>
    Array.from(counts, ([kind, count]) => [{ kind }, count]);
  readings.gauge('tunnel_open', 'Whether the socket is open, 1 or 0.', ['role'], () =>
    tunnel.state.map(({ role, open }) => [{ role }, open ? 1 : 0]),
  );
  readings.gauge(
    'tunnel_changed_timestamp_seconds',
    'When the socket was opened or lost last, Unix time.',
    ['role'],
    () => tunnel.state.map(({ role, since }) => [{ role }, since / 1000]),
  );
  readings.counter('tunnel_reconnects_total', 'Open sockets that were lost.', ['role'], () =>
    tunnel.state.map(({ role, reconnects }) => [{ role }, reconnects]),
  );
  readings.gauge(
    'calls_in_flight',
    'Calls that came through the tunnel and are not answered yet.',
    [],
    () => [[{}, tunnel.inFlight]],
  );
  readings.counter('tunnel_dropped_total', 'What answers could not carry and went without.', ['kind'], () =>
    byKind(tunnel.dropped),
  );
  readings.counter(
    'tunnel_oddities_total',
    'What the broker server sent that it should not have.',
    ['kind'],
    () => byKind(tunnel.oddities),
  );
}

/** The audit trail of this process. */
export function auditMetrics(readings: Readings, audit: () => TrailState): void {
  readings.counter('audit_records_total', 'Audit records that were written.', [], () => [
    [{}, audit().written],
  ]);
  readings.counter('audit_lost_total', 'Audit records that could not be kept.', [], () => [
    [{}, audit().lost],
  ]);
  readings.counter('audit_errors_total', 'Writes of the audit trail that failed.', [], () => [
    [{}, audit().errors],
  ]);
  readings.gauge('audit_failing', 'Whether audit records cannot be written just now, 1 or 0.', [], () => [
    [{}, audit().failing === null ? 0 : 1],
  ]);
}
