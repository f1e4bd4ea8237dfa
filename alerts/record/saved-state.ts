/**
 * The engine's state on disk: its keys, its format, and how it is read back.
 *
 * Between the store and the engine at start. The format names the layout; a rule's memory is the rule's own, and
 * kept under its name and version. Invariant: state of another format, or that does not look as it should, is
 * not used at all: the caller rebuilds it from the journal. The pages of groups are used wherever they can be read.
 */
import { z } from 'zod';
import type { SavedCondition } from '../judgement/conditions.ts';
import type { SavedWatch } from '../judgement/device-watch.ts';

import type { SavedPage } from '../notices/storm-pages.ts';

/** Grows when the layout of what is saved changes, or what a rule across devices keeps. */
const LAYOUT = 3;
const DEVICE_KEY = 'device:';

export const FORMAT_KEY = 'format';
/** The id up to which every device's state is saved; what is between it and the cursor is recalled. */
export const SWEPT_KEY = 'swept';

export interface SavedDevice extends SavedWatch {
  /** The id up to which this state has taken the device's entries. */
  readonly takenId: number;
}

export interface SavedEngine {
  readonly devices: readonly (readonly [device: string, saved: SavedDevice])[];
  readonly sweptId: number;
  readonly conditions: readonly SavedCondition[];
}

export type SavedGroups = readonly (readonly [group: string, page: SavedPage])[];

export function keyOfDevice(device: string): string {
  return DEVICE_KEY + device;
}

export const FORMAT = `layout@${LAYOUT}`;

const rank = z.int().min(0).max(4);
const peak = { peak: z.number(), peakAt: z.number().optional() };
const episode = z.object({
  startedAt: z.number(),
  changedAt: z.number(),
  rank,
  doubtRank: rank,
  highestRank: rank,
  value: z.number(),
  ...peak,
  peakBefore: z.object(peak).optional(),
  simulated: z.boolean(),
  endedAt: z.number().optional(),
  detail: z.record(z.string(), z.unknown()),
});
const reading = z.tuple([
  z.number(),
  z.number(),
  z.number(),
  z.literal([0, 1]),
  z.record(z.string(), z.union([z.number(), z.string()])),
]);
const watch = z.object({
  takenId: z.number(),
  timeline: z.object({
    base: z.object({
      measuredAt: z.number(),
      intervalMs: z.number(),
      readings: z.number(),
      recent: z.object({ at: z.array(z.number()), value: z.array(z.number()) }),
    }),
    tracks: z.record(
      z.string(),
      z.object({ memory: z.unknown(), episode: episode.optional(), closed: z.array(episode) }),
    ),
    readings: z.array(reading),
  }),
  hearing: z.object({
    firstHeardAt: z.number().optional(),
    lastHeardAt: z.number(),
    lastUsableAt: z.number(),
    presence: z.string().optional(),
    presenceAt: z.number(),
    simulated: z.boolean(),
    realAt: z.number().optional(),
    onDuty: z.boolean(),
    silenceOpen: z.boolean(),
    skewOpen: z.boolean(),
    rain: z.array(z.object({ at: z.number(), mm: z.number() })),
    clock: z.looseObject({ lastReceivedAt: z.number() }),
  }),
  known: z.record(z.string(), z.array(z.object({ alert: z.string(), episode }))),
});
const conditions = z.array(z.object({ rule: z.string(), subject: z.string(), alert: z.string(), episode }));
const word = z.object({
  alert: z.looseObject({ id: z.string(), group: z.string(), severity: z.string(), revision: z.number() }),
  change: z.string(),
  silencedBy: z.string().nullable(),
  dueAt: z.number(),
});
const page = z.union([
  z.object({ rank: z.number(), toldAt: z.number(), waiting: z.array(word) }),
  z.object({ rank: z.number(), digestAt: z.number(), waiting: z.array(z.string()) }),
]);
const groups = z.array(z.tuple([z.string(), page]));

/** The saved rows as the engine's state; a sentence says why they cannot be used. */
export function parseSavedState(rows: ReadonlyMap<string, string>): SavedEngine | string {
  const found = rows.get(FORMAT_KEY);
  if (found !== JSON.stringify(FORMAT)) return `its format is ${found ?? 'not given'}`;
  const read = <T>(key: string, schema: z.ZodType, otherwise: T): T => {
    const document = rows.get(key);
    if (document === undefined) return otherwise;
    const value: unknown = JSON.parse(document);
    const { error } = schema.safeParse(value);
    if (error) throw new Error(z.prettifyError(error).split('\n').slice(0, 2).join(' '));
    return value as T;
  };
  let key = FORMAT_KEY;
  try {
    const devices: (readonly [string, SavedDevice])[] = [];
    for (key of rows.keys()) {
      if (!key.startsWith(DEVICE_KEY)) continue;
      devices.push([key.slice(DEVICE_KEY.length), read<SavedDevice>(key, watch, undefined as never)]);
    }
    key = 'conditions';
    const openConditions = read<readonly SavedCondition[]>(key, conditions, []);
    key = SWEPT_KEY;
    const sweptId = read(key, z.number(), 0);
    return { devices, conditions: openConditions, sweptId };
  } catch (error) {
    return `${key} cannot be read: ${(error as Error).message}`;
  }
}

/** What people of each group still wait to be told; nothing where it cannot be read. */
export function parseSavedGroups(rows: ReadonlyMap<string, string>): SavedGroups {
  const document = rows.get('groups');
  if (document === undefined) return [];
  try {
    const parsed = groups.safeParse(JSON.parse(document));
    return parsed.success ? (parsed.data as unknown as SavedGroups) : [];
  } catch {
    return [];
  }
}
