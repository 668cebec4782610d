import type { Pending, RunKind } from '../../../src/inventory/ledger/ledger.ts';

/** What one request says, as far as the ledger decides it. */
export interface Message {
  readonly runId: string;
  readonly sequence: number;
  readonly kind: RunKind;
  readonly members: readonly Pending[];
  readonly final: boolean;
}

/** Holds what a receiver that keeps to the protocol would hold. */
export class ReceiverModel {
  /** `user 1` → its record. */
  readonly held = new Map<string, string>();
  readonly #taken = new Map<string, string>();
  readonly #named = new Map<string, Set<string>>();
  readonly #ended = new Set<string>();

  /** @throws when the same idempotency key comes with other bytes, or anything new after the final of its run */
  take(text: string): void {
    const message = JSON.parse(text) as Message;
    const key = `${message.runId}:${message.sequence}`;
    const before = this.#taken.get(key);
    if (before !== undefined && before !== text) throw new Error(`other bytes under ${key}`);
    if (before !== undefined) return;
    if (this.#ended.has(message.runId)) throw new Error(`${key} after the final of its run`);
    if (message.final) this.#ended.add(message.runId);
    this.#taken.set(key, text);
    this.#apply(message);
  }

  #apply({ runId, kind, members, final }: Message): void {
    const named = this.#named.get(runId) ?? new Set<string>();
    this.#named.set(runId, named);
    for (const { type, sourceId, record } of members) {
      const name = `${type} ${sourceId}`;
      named.add(name);
      if (record === null) this.held.delete(name);
      else this.held.set(name, record);
    }
    if (kind !== 'snapshot' || !final) return;
    for (const name of [...this.held.keys()]) if (!named.has(name)) this.held.delete(name);
  }
}

/** What the receiver should hold of a type. */
export function expected(type: string, world: Readonly<Record<number, string>>): [string, string][] {
  return Object.entries(world).map(([id, text]) => [`${type} ${id}`, JSON.stringify(text)]);
}
