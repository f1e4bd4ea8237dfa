/**
 * Names in messages of gateways that are no device's: waiting to be claimed, each with its last message.
 *
 * Noted by ingest when such a message is set aside, written to the state database now and then, read by the command
 * line and the API. Invariants: the messages themselves are among the rejections (`unclaimed`), this only lists
 * them; bounded in memory and in the database, the longest silent go first.
 */
import { isUtf8 } from 'node:buffer';
import type { Database } from '../database/database.ts';
import { shownTopic } from '../devices/topics.ts';

export interface WaitingAlias {
  readonly alias: string;
  readonly gateway: string;
  readonly format: string;
  /** Epoch ms. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly messages: number;
  readonly topic: string;
  /** The begin of the last one; bytes that are no text as base64. */
  readonly payload: string;
}

/** One gateway that hears all of a region's nodes has some hundreds of strangers. */
export const MAX_WAITING = 2_000;
const SHOWN_BYTES = 2_048;

export interface WaitingAliases {
  note(
    found: { readonly alias: string; readonly gateway: string; readonly format: string },
    message: { readonly topic: string; readonly payload: Uint8Array; readonly receivedAt: number },
  ): void;
  all(): readonly WaitingAlias[];
  forget(alias: string, gateway: string): Promise<void>;
  /** Writes what has changed since the last time. */
  save(): Promise<void>;
}

const keyOf = (alias: string, gateway: string) => `${gateway} ${alias}`;

export async function openWaitingAliases(database: Database): Promise<WaitingAliases> {
  const waiting = new Map(
    (await readWaitingAliases(database)).map((each) => [keyOf(each.alias, each.gateway), each]),
  );
  const changed = new Set<string>();

  async function remove(alias: string, gateway: string): Promise<void> {
    waiting.delete(keyOf(alias, gateway));
    await database
      .deleteFrom('waiting_aliases')
      .where('alias', '=', alias)
      .where('gateway', '=', gateway)
      .execute();
  }

  return {
    note({ alias, gateway, format }, { topic, payload, receivedAt }) {
      const key = keyOf(alias, gateway);
      const known = waiting.get(key);
      // The longest silent stands first.
      waiting.delete(key);
      waiting.set(key, {
        ...{ alias, gateway, format, topic: shownTopic(topic) },
        firstAt: known?.firstAt ?? receivedAt,
        lastAt: receivedAt,
        messages: (known?.messages ?? 0) + 1,
        payload: shorten(payload),
      });
      changed.add(key);
      if (waiting.size > 2 * MAX_WAITING) waiting.delete(waiting.keys().next().value as string);
    },
    all: () => [...waiting.values()].reverse(),
    forget: remove,
    async save() {
      while (waiting.size > MAX_WAITING) {
        const oldest = waiting.values().next().value as WaitingAlias;
        await remove(oldest.alias, oldest.gateway);
      }
      const keys = [...changed];
      changed.clear();
      for (const each of keys.map((key) => waiting.get(key)).filter((found) => found !== undefined)) {
        await write(database, each);
      }
    },
  };
}

async function write(database: Database, each: WaitingAlias): Promise<void> {
  const { alias, gateway, format, topic, payload, messages } = each;
  const said = { last_at: each.lastAt, messages, topic, payload };
  await database
    .insertInto('waiting_aliases')
    .values({ alias, gateway, format, first_at: each.firstAt, ...said })
    .onConflict((conflict) => conflict.columns(['alias', 'gateway']).doUpdateSet(said))
    .execute();
}

/** Newest last. */
async function readWaitingAliases(database: Database): Promise<WaitingAlias[]> {
  const rows = await database.selectFrom('waiting_aliases').selectAll().orderBy('last_at').execute();
  return rows.map(({ alias, gateway, format, topic, payload, messages, first_at, last_at }) => ({
    ...{ alias, gateway, format, topic, payload },
    messages: Number(messages),
    firstAt: Number(first_at),
    lastAt: Number(last_at),
  }));
}

function shorten(payload: Uint8Array): string {
  const begin = Buffer.from(payload.subarray(0, SHOWN_BYTES));
  // NUL is in no text that PostgreSQL keeps.
  if (!isUtf8(payload)) return begin.toString('base64');
  return begin
    .toString()
    .replaceAll('\0', '')
    .replace(/\ufffd$/, '');
}
