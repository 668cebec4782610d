import { hash } from 'node:crypto';
import type { InventoryConfig } from '../config/config.ts';
import { type LedgerFigures, ledgerFigures, newestRuns } from './figures.ts';
import type { LedgerIdentity } from './ledger/facts.ts';
import type { Ledger, LedgerReader, ParkedBatch, Place, Run, Scope } from './ledger/ledger.ts';
import { openLedger, openLedgerReader } from './ledger/open-ledger.ts';
import { hasPseudonymKey, pseudonymKey } from './privacy/key-file.ts';
import { createPrivacy, type Privacy } from './privacy.ts';

/** What tells one inventory from another one. */
export interface KeptOptions {
  readonly settings: InventoryConfig;
  readonly profileName: string;
  readonly serviceType: string;
  readonly bitbucket: { readonly baseUrl: string };
  readonly stateDir: string;
  /** Tells the place where batches go from any other one, without secrets; `null`: nothing is sent. Another one gets everything anew. */
  readonly receiver: string | null;
}

/** What stands in the state folder of one inventory: its ledger and the key of its pseudonyms. */
export class KeptInventory {
  readonly #options: KeptOptions;
  #privacy: Privacy | null = null;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  /** Makes a key of pseudonyms where one is needed and there is none. @throws AgentError `STATE_UNUSABLE` */
  privacy(): Privacy {
    const { settings, stateDir } = this.#options;
    this.#privacy ??= createPrivacy(settings, settings.pseudonymise ? pseudonymKey(stateDir) : null);
    return this.#privacy;
  }

  /**
   * Opens it for writing.
   *
   * @param now epoch milliseconds
   * @param folder where it is, if it is a copy
   * @throws AgentError `STATE_UNUSABLE`
   */
  ledger(now: () => number, folder = this.#options.stateDir): Ledger {
    return openLedger(folder, this.#identity(), { now });
  }

  /**
   * For who only looks; `null` where there is no ledger, or none of this inventory. It makes no key: without one there is
   * no ledger with these pseudonyms either.
   */
  reader(): LedgerReader | null {
    const { settings, stateDir } = this.#options;
    if (settings.pseudonymise && this.#privacy === null && !hasPseudonymKey(stateDir)) return null;
    return openLedgerReader(stateDir, this.#identity());
  }

  /**
   * When the newest complete run that looked at this part began, epoch milliseconds. `null` as well while something of
   * it waits in the outbox.
   */
  lastComplete(part: keyof Scope): number | null {
    return this.#look((reader) => {
      const [newest] = reader?.runs(1) ?? [];
      if (newest?.state === 'delivering' && newest.scope[part]) return null;
      const run = reader?.lastComplete(part) ?? null;
      return run === null ? null : Date.parse(run.startedAt);
    });
  }

  /** Those of the repositories that the ledger has. */
  known(places: readonly Place[]): readonly Place[] {
    return this.#look((reader) =>
      places.filter(
        ({ sourceId }) => reader?.entities('repository', sourceId - 1, 1)[0]?.sourceId === sourceId,
      ),
    );
  }

  /** How much the last reading of each type has seen; `null`: there was none. */
  lastSeen(): { readonly users: number | null; readonly repositories: number | null } {
    return this.#look((reader) => {
      const seen = (part: 'users' | 'repositories') => reader?.lastCollected(part)?.seen?.[part] ?? null;
      return { users: seen('users'), repositories: seen('repositories') };
    });
  }

  /** The newest runs, newest first, and what the receiver did not take. None where there is no ledger. */
  runs(count: number): { readonly runs: readonly Run[]; readonly parked: readonly ParkedBatch[] } {
    return this.#look((reader) => ({
      runs: reader === null ? [] : newestRuns(reader, count),
      parked: reader?.parked() ?? [],
    }));
  }

  /** `null`: there is no ledger. */
  figures(): LedgerFigures | null {
    return this.#look((reader) => (reader === null ? null : ledgerFigures(reader)));
  }

  #look<T>(at: (reader: LedgerReader | null) => T): T {
    const reader = this.reader();
    try {
      return at(reader);
    } finally {
      reader?.close();
    }
  }

  #identity(): LedgerIdentity {
    const { bitbucket, receiver, profileName, serviceType } = this.#options;
    return {
      baseUrl: bitbucket.baseUrl,
      privacy: this.privacy().fingerprint,
      receiver:
        receiver === null
          ? null
          : hash('sha256', JSON.stringify([profileName, serviceType, receiver])).slice(0, 16),
    };
  }
}
