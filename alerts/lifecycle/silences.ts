/**
 * Silences: maintenance windows that mute notices, by device, group or rule, and always end.
 *
 * Invariant: a silence mutes what people are told, never the judgement; the top level is told all the same,
 * with the words that somebody had silenced it.
 */
import type { Database } from '../../database/database.ts';
import type { Alert } from '../alert.ts';

export const SILENCE_SCOPES = ['device', 'group', 'rule'] as const;
export type SilenceScope = (typeof SILENCE_SCOPES)[number];

export interface Silence {
  readonly id: number;
  readonly scope: SilenceScope;
  readonly target: string;
  /** Epoch ms. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdBy: string;
  readonly note: string | undefined;
  readonly endedBy: string | undefined;
}

export interface NewSilence {
  readonly scope: SilenceScope;
  readonly target: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdBy: string;
  readonly note?: string | undefined;
}

/** The longest that anything may be silenced at once: whoever needs more looks at it again. */
export const MAX_SILENCE_MS = 7 * 24 * 3_600_000;
/** Silences in force at once. */
export const MAX_SILENCES = 500;

/** The silence that mutes an alert at `nowMs`; the one that ends last, if there are several. */
export function findSilence(
  silences: readonly Silence[],
  alert: Pick<Alert, 'rule' | 'subject' | 'group' | 'subjectGroup'>,
  nowMs: number,
): Silence | undefined {
  let found: Silence | undefined;
  for (const silence of silences) {
    if (silence.startsAt > nowMs || silence.endsAt <= nowMs || !matches(silence, alert)) continue;
    if (!found || silence.endsAt > found.endsAt) found = silence;
  }
  return found;
}

function matches(
  { scope, target }: Silence,
  alert: Pick<Alert, 'rule' | 'subject' | 'group' | 'subjectGroup'>,
): boolean {
  if (scope === 'device') return alert.subject === target;
  if (scope === 'rule') return alert.rule === target;
  return alert.subjectGroup === target || alert.group === target;
}

async function loadSilences(database: Database, nowMs: number): Promise<Silence[]> {
  const rows = await database.selectFrom('silences').selectAll().where('ends_at', '>', nowMs).execute();
  return rows.map((row) => ({
    id: Number(row.id),
    scope: row.scope as SilenceScope,
    target: row.target,
    startsAt: Number(row.starts_at),
    endsAt: Number(row.ends_at),
    createdBy: row.created_by,
    note: row.note ?? undefined,
    endedBy: row.ended_by ?? undefined,
  }));
}

async function addSilence(database: Database, silence: NewSilence): Promise<Silence> {
  const { scope, target, startsAt, endsAt, createdBy, note } = silence;
  const row = await database
    .insertInto('silences')
    .values({
      scope,
      target,
      starts_at: startsAt,
      ends_at: endsAt,
      created_by: createdBy,
      note: note ?? null,
      ended_by: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id: Number(row.id), scope, target, startsAt, endsAt, createdBy, note, endedBy: undefined };
}

/** Ends a silence now. False when there is none of this id in force. */
async function endSilence(database: Database, id: number, by: string, nowMs: number): Promise<boolean> {
  const result = await database
    .updateTable('silences')
    .set({ ends_at: nowMs, ended_by: by })
    .where('id', '=', id)
    .where('ends_at', '>', nowMs)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) > 0;
}

/** The silences in force, held at hand for every notice; what the database has is what counts. */
export class SilenceBook {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #onChange: (silences: readonly Silence[]) => void;
  #inForce: readonly Silence[] = [];

  constructor(database: Database, now: () => number, onChange: (silences: readonly Silence[]) => void) {
    this.#database = database;
    this.#now = now;
    this.#onChange = onChange;
  }

  get inForce(): readonly Silence[] {
    return this.#inForce;
  }

  async reload(): Promise<void> {
    this.#inForce = await loadSilences(this.#database, this.#now());
    this.#onChange(this.#inForce);
  }

  async add(silence: NewSilence): Promise<Silence> {
    const added = await addSilence(this.#database, silence);
    await this.reload();
    return added;
  }

  async end(id: number, by: string): Promise<boolean> {
    const ended = await endSilence(this.#database, id, by, this.#now());
    await this.reload();
    return ended;
  }
}
