import { shownText } from '../../../shown-text.ts';
import { type Html, html } from '../html.ts';
import { type AdminStatus, isReady, type SocketStatus } from '../status.ts';
import { badge, facts, section, table } from './layout.ts';
import { figure, moment, span } from './times.ts';

/** The tunnel: both sockets, and whether calls are taken. */
export function connectionSection(status: AdminStatus): Html {
  const { at, tunnel, brokerServer, bitbucket, startedAt } = status;
  const ready = isReady(status);
  return section(
    'connection',
    'Connection',
    html`${facts([
      ['Readiness', ready ? badge('good', 'Ready') : badge('bad', 'Not ready')],
      ['Snyk Broker server', html`<code>${brokerServer}</code>`],
      ['Bitbucket', html`<code>${bitbucket}</code>`],
      ['This process', html`runs for ${span(at - startedAt)}, since ${moment(startedAt)}`],
    ])}
${table<SocketStatus>({
  caption: 'The sockets of the tunnel',
  columns: [
    { name: 'Socket', cell: ({ role }) => role },
    { name: 'State', cell: ({ open }) => (open ? badge('good', 'Open') : badge('bad', 'Not open')) },
    { name: 'Since', cell: ({ since }) => html`${moment(since)} (${span(at - since)})` },
    { name: 'Reconnects', kind: 'figures', cell: ({ reconnects }) => figure(reconnects) },
    {
      name: 'Last failure',
      kind: 'long',
      cell: ({ lastError }) => (lastError === null ? '–' : shownText(lastError, 300)),
    },
  ],
  rows: tunnel,
})}`,
  );
}
