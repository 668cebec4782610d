import type { EntityType } from '../entity.ts';
import type { Database, Query } from './database.ts';
import type { Scope, SnapshotReason } from './ledger.ts';

/** Whose inventory a ledger holds. Another base URL: another inventory. Another fingerprint: another form of it. */
export interface LedgerIdentity {
  /** Bitbucket's base URL as the configuration gives it. */
  readonly baseUrl: string;
  /** The fingerprint of the privacy settings. */
  readonly privacy: string;
  /**
   * Who gets it, and under which profile. Another one has acknowledged nothing. `null`: nothing is sent, and what is
   * known of the last one stays.
   */
  readonly receiver: string | null;
}

export const TYPES: readonly EntityType[] = ['user', 'repository'];

/** The entity types that a run of this scope looks at. */
export function typesOf(scope: Scope): EntityType[] {
  return TYPES.filter((type) => (type === 'user' ? scope.users : scope.repositories));
}

/** What a ledger knows of itself. */
export class Facts {
  readonly #get: Query<{ value: string }>;
  readonly #set;
  readonly #unset;

  constructor(db: Database) {
    this.#get = db.query('SELECT value FROM fact WHERE name = ?');
    this.#set = db.command('INSERT INTO fact VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2');
    this.#unset = db.command('DELETE FROM fact WHERE name = ?');
  }

  get baseUrl(): string {
    return this.#text('base_url');
  }

  set baseUrl(url: string) {
    this.#set('base_url', url);
  }

  get privacy(): string {
    return this.#text('privacy');
  }

  set privacy(fingerprint: string) {
    this.#set('privacy', fingerprint);
  }

  /** `null`: it was never told. */
  get receiver(): string | null {
    return this.#text('receiver') || null;
  }

  set receiver(receiver: string) {
    this.#set('receiver', receiver);
  }

  /** Runs up to this number say nothing of what is in the ledger now. */
  get forgottenRuns(): number {
    return Number(this.#text('forgotten_runs'));
  }

  set forgottenRuns(number: number) {
    this.#set('forgotten_runs', String(number));
  }

  /** Each type is due by itself, so that a snapshot of one does not pass for one of both. */
  get snapshotDue(): SnapshotReason | null {
    const reasons = TYPES.map((type) => this.#text(`due_${type}`));
    return (reasons.find((reason) => reason !== '') as SnapshotReason | undefined) ?? null;
  }

  /** A reason that stands already is kept: it says more, unless it is `full`. */
  demandSnapshot(types: readonly EntityType[], reason: SnapshotReason): void {
    for (const type of types)
      if (['', 'full'].includes(this.#text(`due_${type}`))) this.#set(`due_${type}`, reason);
  }

  snapshotDone(scope: Scope): void {
    for (const type of typesOf(scope)) this.#unset(`due_${type}`);
  }

  #text(name: string): string {
    return this.#get.one(name)?.value ?? '';
  }
}
