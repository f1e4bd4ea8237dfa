/**
 * The journal against a model, through crashes: its files copied at a random moment while commits run, and the
 * write-ahead log cut at any byte. What was acknowledged before is there, once, in order; what was not may be
 * there as a whole batch or not at all; and sending everything again, as devices do, leaves each reading once.
 */
import { copyFileSync, existsSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { DeviceMessage } from '../../journal/device-messages.ts';
import type { Journal } from '../../journal/journal.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReading,
  type JournalGround,
} from '../support/journal-fixture.ts';

/** Every run opens journals, each a thread: on a busy machine that takes its time. */
vi.setConfig({ testTimeout: 180_000 });

/** Readings by number; small, so that repeats are frequent. */
const batch = fc.array(fc.nat(60), { minLength: 1, maxLength: 12 });
const batches = fc.array(batch, { minLength: 1, maxLength: 12 });

/** The numbers in order of their first appearance. */
function firstAppearances(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}

const append = (journal: Journal, numbers: readonly number[]) =>
  journal.append(
    numbers.map((n) => gaugeReading(n)),
    [],
  );

async function numbersIn(journal: Journal): Promise<number[]> {
  const entries = await allEntries(journal);
  entries.forEach(({ id, reading }, i) => {
    if (i > 0) expect(id).toBeGreaterThan((entries[i - 1] as { id: number }).id);
    expect(reading).toEqual(gaugeReading(reading.seq as number));
  });
  return entries.map(({ reading }) => reading.seq as number);
}

/** What a crash leaves: the file and its log, without the shared memory beside them. */
function copyAsCrashed(ground: JournalGround, name: string): string {
  const copy = join(ground.directory, name);
  copyFileSync(ground.file, copy);
  if (existsSync(`${ground.file}-wal`)) copyFileSync(`${ground.file}-wal`, `${copy}-wal`);
  return copy;
}

describe('the journal', () => {
  it('keeps what it acknowledged when it crashes at any moment, and each reading once when all is sent again', async () => {
    await fc.assert(
      fc.asyncProperty(batches, batches, fc.nat(12), async (acknowledged, pending, turns) => {
        using ground = createJournalGround();
        const journal = await ground.open();
        for (const numbers of acknowledged) await append(journal, numbers);
        const underway = pending.map((numbers) => append(journal, numbers));
        for (let turn = 0; turn < turns; turn++) await nextTurn();
        const copy = copyAsCrashed(ground, 'crashed.db');
        await Promise.all(underway);
        await journal[Symbol.asyncDispose]();

        const all = [...acknowledged, ...pending];
        await using survivor = await ground.open({ file: copy });
        const survived = await numbersIn(survivor);
        const certain = firstAppearances(acknowledged.flat());
        const possible = firstAppearances(all.flat());
        expect(survived).toEqual(possible.slice(0, survived.length));
        expect(survived.length).toBeGreaterThanOrEqual(certain.length);

        for (const numbers of all) await append(survivor, numbers);
        expect(await numbersIn(survivor)).toEqual(possible);
      }),
      { numRuns: 15 },
    );
  });

  it('keeps status and ack that it acknowledged when it crashes at any moment, in order, and none in part', async () => {
    const message = (n: number): DeviceMessage => ({
      channel: n % 3 === 0 ? 'status' : 'ack',
      device: `motor-${n % 5}`,
      receivedAt: n,
      topic: 'siaga/semarang/ambulance/motor-1/ack',
      clientId: 'motor-1',
      payload: Buffer.from(n % 3 === 0 ? 'online' : `{"word":${n + 1},"ack":"received"}`),
      isReplay: false,
    });
    const send = (journal: Journal, numbers: readonly number[]) =>
      journal.append([], [], numbers.map(message));
    await fc.assert(
      fc.asyncProperty(batches, batches, fc.nat(12), async (acknowledged, pending, turns) => {
        using ground = createJournalGround();
        const journal = await ground.open();
        for (const numbers of acknowledged) await send(journal, numbers);
        const underway = pending.map((numbers) => send(journal, numbers));
        for (let turn = 0; turn < turns; turn++) await nextTurn();
        const copy = copyAsCrashed(ground, 'crashed.db');
        await Promise.all(underway);
        await journal[Symbol.asyncDispose]();

        const all = [...acknowledged, ...pending];
        await using survivor = await ground.open({ file: copy });
        const survived = await survivor.messages.readAfter(0, 1_000);
        const times = survived.map((entry) => entry.message.receivedAt);
        expect(survived.map(({ id }) => id)).toEqual(survived.map((_, i) => i + 1));
        expect(times).toEqual(all.flat().slice(0, times.length));
        // Whole appends, and at least those that were acknowledged.
        const ends = all.map((_, i) => all.slice(0, i + 1).flat().length);
        expect(ends.slice(acknowledged.length - 1)).toContain(times.length);
        const latest = new Map(survived.map(({ id, message: said }) => [said, id] as const));
        for (const { id, message: said } of await survivor.latestStatuses()) {
          const own = [...latest].filter(
            ([each]) => each.channel === 'status' && each.device === said.device,
          );
          expect(id).toBe(Math.max(...own.map(([, each]) => each)));
        }
      }),
      { numRuns: 15 },
    );
  });

  it('opens with a prefix of its readings when its log is cut at any byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
        async (appended, cuts) => {
          using ground = createJournalGround();
          const journal = await ground.open();
          /** Bytes of the log when so many readings were acknowledged. */
          const marks: { readonly bytes: number; readonly readings: number }[] = [];
          for (const numbers of appended) {
            await append(journal, numbers);
            marks.push({ bytes: statSync(`${ground.file}-wal`).size, readings: journal.lastId });
          }
          const stored = firstAppearances(appended.flat());
          for (const [index, share] of cuts.entries()) {
            const copy = copyAsCrashed(ground, `cut-${index}.db`);
            const bytes = Math.floor(share * statSync(`${copy}-wal`).size);
            truncateSync(`${copy}-wal`, bytes);
            const certain = Math.max(
              0,
              ...marks.filter((mark) => mark.bytes <= bytes).map((mark) => mark.readings),
            );
            await using survivor = await ground.open({ file: copy });
            const survived = await numbersIn(survivor);
            expect(survived).toEqual(stored.slice(0, survived.length));
            expect(survived.length).toBeGreaterThanOrEqual(certain);
            for (const numbers of appended) await append(survivor, numbers);
            expect(await numbersIn(survivor)).toEqual(stored);
          }
          await journal[Symbol.asyncDispose]();
        },
      ),
      { numRuns: 8 },
    );
  });

  it('answers a model: counts of stored and repeated, latest, and all entries over restarts and trims', async () => {
    const command = fc.oneof(
      { weight: 6, arbitrary: batch.map((numbers) => ({ append: numbers })) },
      { weight: 1, arbitrary: fc.constant({ restart: true as const }) },
      { weight: 1, arbitrary: fc.nat(80).map((keepAfter) => ({ trimThrough: keepAfter })) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
        using ground = createJournalGround();
        let journal = await ground.open({ retentionMs: 0 });
        let lastId = 0;
        let model: { id: number; n: number }[] = [];
        /** By device: of the newest times the one stored last. */
        const newest = new Map<string, { id: number; n: number }>();
        for (const each of commands) {
          if ('append' in each) {
            const before = lastId;
            for (const n of each.append) {
              if (model.some((entry) => entry.n === n)) continue;
              const entry = { id: ++lastId, n };
              model.push(entry);
              const { device } = gaugeReading(n);
              if (n >= (newest.get(device)?.n ?? 0)) newest.set(device, entry);
            }
            const stored = lastId - before;
            expect(await append(journal, each.append)).toEqual({
              stored,
              repeated: each.append.length - stored,
            });
          } else if ('restart' in each) {
            await journal[Symbol.asyncDispose]();
            journal = await ground.open({ retentionMs: 0 });
          } else {
            const gone = model.filter(({ id }) => id <= each.trimThrough).length;
            expect(await journal.trim(each.trimThrough, Number.MAX_SAFE_INTEGER)).toBe(gone);
            model = model.filter(({ id }) => id > each.trimThrough);
          }
          expect(journal.lastId).toBe(lastId);
        }
        const entries = await allEntries(journal);
        expect(entries.map(({ id, reading }) => ({ id, n: reading.seq }))).toEqual(model);
        const latest = (await journal.latest()).map(({ id }) => id).sort((a, b) => a - b);
        const kept = [...newest.values()]
          .map(({ id }) => id)
          .filter((id) => model.some((one) => one.id === id));
        expect(latest).toEqual(kept.sort((a, b) => a - b));
        await journal[Symbol.asyncDispose]();
      }),
      { numRuns: 15 },
    );
  });
});
