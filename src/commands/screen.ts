import type { WriteStream } from 'node:tty';
import cliProgress from 'cli-progress';
import type { RunWatch } from '../inventory/run.ts';
import { shownText } from '../shown-text.ts';

/** What is shown while a run goes on. */
export interface Screen extends RunWatch {
  close(): void;
}

type Stage = Parameters<RunWatch['progress']>[0];

const NAMES: Readonly<Record<Stage, string>> = {
  users: 'users read',
  repositories: 'repositories read',
  enrichment: 'repositories enriched',
  delivery: 'entities sent',
};
/** Lines for a log are few: not every page is one. */
const PLAIN_EVERY_MS = 5_000;
/** Characters of a receiver's answer. */
const LONGEST_ANSWER = 500;

/** A bar a stage on a terminal, plain lines elsewhere. */
export function createScreen(output: NodeJS.WriteStream, onTerminal: boolean, dryRun = false): Screen {
  const names = dryRun ? { ...NAMES, delivery: 'entities to be sent' } : NAMES;
  return onTerminal ? new BarScreen(output as WriteStream, names) : new PlainScreen(output, names);
}

class PlainScreen implements Screen {
  readonly #output: NodeJS.WriteStream;
  readonly #names: typeof NAMES;
  readonly #stages = new Map<Stage, { text: string; toldAt: number; told: string }>();

  constructor(output: NodeJS.WriteStream, names: typeof NAMES) {
    this.#output = output;
    this.#names = names;
  }

  progress(stage: Stage, done: number, total: number | null): void {
    const of = total === null || total < done ? '' : ` of ${total}`;
    const known = this.#stages.get(stage) ?? { text: '', toldAt: performance.now(), told: '' };
    known.text = `${this.#names[stage]}: ${done}${of}`;
    this.#stages.set(stage, known);
    if (performance.now() - known.toldAt >= PLAIN_EVERY_MS) this.#tell(known);
  }

  note(text: string): void {
    this.#line(text);
  }

  delivery(event: Parameters<RunWatch['delivery']>[0]): void {
    const text = deliveryText(event);
    if (text !== null) this.#line(text);
  }

  skipped({ what, reason }: Parameters<RunWatch['skipped']>[0]): void {
    this.#line(`skipped: ${shownText(what)} (${reason})`);
  }

  close(): void {
    for (const stage of this.#stages.values()) if (stage.told !== stage.text) this.#tell(stage);
  }

  #tell(stage: { text: string; toldAt: number; told: string }): void {
    stage.told = stage.text;
    stage.toldAt = performance.now();
    this.#line(stage.text);
  }

  #line(text: string): void {
    this.#output.write(`${text}\n`);
  }
}

class BarScreen implements Screen {
  readonly #bars: cliProgress.MultiBar;
  readonly #names: typeof NAMES;
  readonly #stages = new Map<Stage, cliProgress.SingleBar>();

  constructor(stream: WriteStream, names: typeof NAMES) {
    this.#names = names;
    this.#bars = new cliProgress.MultiBar(
      {
        stream,
        format: '{name} {bar} {value}{of}',
        formatValue: (value, _options, type) =>
          type === 'value' ? String(value).padStart(7) : String(value),
        hideCursor: true,
        gracefulExit: false,
        noTTYOutput: false,
      },
      cliProgress.Presets.shades_classic,
    );
  }

  /** Where the end is not known, the bar is full and its number counts. */
  progress(stage: Stage, done: number, total: number | null): void {
    const end = total === null ? done : Math.max(total, done);
    const shown = { name: this.#names[stage].padEnd(22), of: total === null ? '' : ` of ${end}` };
    const bar = this.#stages.get(stage) ?? this.#bars.create(end, done, shown);
    this.#stages.set(stage, bar);
    bar.setTotal(end);
    bar.update(done, shown);
  }

  note(text: string): void {
    this.#bars.log(`${text}\n`);
  }

  delivery(event: Parameters<RunWatch['delivery']>[0]): void {
    const text = deliveryText(event);
    if (text !== null) this.note(text);
  }

  skipped({ what, reason }: Parameters<RunWatch['skipped']>[0]): void {
    this.note(`skipped: ${shownText(what)} (${reason})`);
  }

  /** The library writes what was noted with its next picture, and `stop` draws none. */
  close(): void {
    this.#bars.update();
    this.#bars.stop();
  }
}

/** What an operator should see of a delivery; what goes well is seen in the bar. */
function deliveryText(event: Parameters<RunWatch['delivery']>[0]): string | null {
  if (event.kind === 'again') {
    const why = event.status === null ? (event.error?.message ?? 'no answer') : `status ${event.status}`;
    return `batch ${event.sequence}: ${why}; again in ${(event.waitMs / 1000).toFixed(1)} s (try ${event.tries + 1})`;
  }
  if (event.kind === 'halved') return `batch ${event.sequence}: too large for the receiver, halved`;
  if (event.kind === 'parked') {
    return `batch ${event.sequence}: refused for good with status ${event.status}: ${shownText(event.text, LONGEST_ANSWER)}`;
  }
  return null;
}
