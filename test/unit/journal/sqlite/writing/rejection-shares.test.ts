/** A flood of garbage from one device takes nothing from the rejections of the others. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createJournalGround,
  type JournalGround,
  metricValue,
  rejectedMessage,
} from '../../../../support/journal-fixture.ts';

let ground: JournalGround;
beforeEach(() => {
  ground = createJournalGround();
});
afterEach(() => ground[Symbol.dispose]());

const many = (device: string | undefined, from: number, to: number, payload?: Uint8Array) =>
  Array.from({ length: to - from }, (_, i) => {
    const { device: _device, ...rejected } = rejectedMessage(from + i, payload ? { payload } : {});
    return device === undefined ? rejected : { ...rejected, device };
  });

async function countOf(journal: Awaited<ReturnType<JournalGround['open']>>) {
  const kept = await journal.rejections({ limit: 100_000 });
  return Object.fromEntries(
    [...Map.groupBy(kept, ({ device = 'nobody' }) => device)].map(([device, all]) => [device, all.length]),
  );
}

it('the share of one is a tenth, of those whom nobody knows together too; the oldest of its own go', async () => {
  await using journal = await ground.open({ maxRejections: 20_000 });
  await journal.append([], many('honest', 0, 300));
  await journal.append([], many('flood', 0, 5_000));
  await journal.append([], many(undefined, 0, 2_500));
  expect(await countOf(journal)).toEqual({ honest: 300, flood: 2_000, nobody: 2_000 });
  const [newest] = await journal.rejections({ device: 'flood', limit: 1 });
  expect(newest?.detail).toBe('the payload is not JSON (4999)');
  expect(await metricValue(ground.metrics, 'siaga_journal_rejections_beyond_share_total')).toBe(3_500);
  expect(await metricValue(ground.metrics, 'siaga_journal_rejections_dropped_total')).toBe(3_500);
  const said = ground.logged.filter(({ msg }) => String(msg).includes('its share of the rejections'));
  expect(said.map(({ device }) => device)).toEqual(['flood', '']);
});

it('a share is one of bytes too', async () => {
  await using journal = await ground.open({ maxRejections: 20_000 });
  await journal.append([], many('honest', 0, 10));
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  for (let n = 0; n < 30; n += 5) await journal.append([], many('flood', n, n + 5, megabyte));
  expect(await countOf(journal)).toEqual({ honest: 10, flood: 25 });
});

it('what was counted holds after a restart', async () => {
  const before = await ground.open({ maxRejections: 20_000 });
  await before.append([], [...many('flood', 0, 1_900), ...many('honest', 0, 50)]);
  await before[Symbol.asyncDispose]();
  await using journal = await ground.open({ maxRejections: 20_000 });
  await journal.append([], many('flood', 1_900, 2_100));
  expect(await countOf(journal)).toEqual({ flood: 2_000, honest: 50 });
  expect((await journal.rejections({ limit: 1 }))[0]?.id).toBe(2_150);
});
