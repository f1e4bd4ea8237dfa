/** What was partly refused and is replayed: its sound part is in the journal already, and is not stored twice. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reading } from '../../../devices/reading.ts';
import type { RejectedMessage } from '../../../devices/rejection.ts';
import { isUnclaimed } from '../../../ingest/gather-claims.ts';
import { replayOf } from '../../../ingest/incoming-message.ts';
import { parseStoredPart, withoutStoredPart, withStoredPart } from '../../../ingest/stored-part.ts';
import { readingOf } from '../../support/alert-house.ts';
import { createPipelineHouse, HOUSE_START_MS, type PipelineHouse } from '../../support/pipeline-house.ts';

const GAUGE = 'siaga/semarang/river-gauge/bendung/telemetry';

function replayAll(house: PipelineHouse) {
  const kept = house.rejections.map((each, index) => ({ ...each, id: index + 1 }));
  house.clock.ms += 3_600_000;
  return Promise.all(kept.map((each) => house.pipeline.accept(replayOf(each, each.device, house.clock.ms))));
}

const levels = (house: PipelineHouse) =>
  house.readings.map(({ measuredAt, values }) => [measuredAt - HOUSE_START_MS, values['levelM']]);

describe('is not stored twice', () => {
  test.each<[string, unknown[]]>([
    ['one without a time or seq', [{ levelM: 3.1, batteryV: 99 }]],
    [
      'several in one millisecond',
      [{ levelM: 3.1, batteryV: 99 }, { levelM: 3.2, batteryV: 99 }, { levelM: 3.1 }],
    ],
    ['a clock that was never set', [{ levelM: 3.1, batteryV: 99, measuredAt: 34_567 }]],
    ['what is no time', [{ levelM: 3.1, measuredAt: 'yesterday' }]],
    ['with a seq', [{ levelM: 3.1, batteryV: 99, seq: 7 }]],
    ['with a time', [{ levelM: 3.1, batteryV: 99, measuredAt: HOUSE_START_MS - 1_000 }]],
    ['an item of a list without times', [[{ levelM: 3.1 }, { levelM: 3.2, batteryV: 99 }, { levelM: 3.3 }]]],
    ['many of them', [Array.from({ length: 130 }, (_, n) => ({ levelM: 1 + n / 100, batteryV: 99 }))]],
    ['a list that was cut off', ['[{"levelM":3.1,"batteryV":99},{"levelM":3.2},{"lev']],
  ])('%s', async (_what, messages) => {
    const house = createPipelineHouse();
    for (const message of messages) await house.publish(GAUGE, message, 'bendung');
    const before = levels(house);
    expect(before.length).toBeGreaterThan(0);
    expect(house.rejections.length).toBeGreaterThan(0);
    const outcomes = await replayAll(house);
    expect(outcomes.map(({ stored }) => stored)).toEqual(outcomes.map(() => 0));
    expect(levels(house)).toEqual(before);
  });

  test('when the clock was known to be off, and is right by the time of the replay', async () => {
    const house = createPipelineHouse();
    for (let n = 0; n < 8; n++) {
      house.clock.ms += 60_000;
      const measuredAt = house.clock.ms - 7 * 3_600_000;
      await house.publish(
        GAUGE,
        { levelM: 3 + n / 100, measuredAt, ...(n === 7 ? { batteryV: 99 } : {}) },
        'bendung',
      );
    }
    for (let n = 0; n < 8; n++) {
      house.clock.ms += 60_000;
      await house.publish(GAUGE, { levelM: 2 + n / 100, measuredAt: house.clock.ms }, 'bendung');
    }
    const before = levels(house);
    expect(await replayAll(house)).toEqual([{ stored: 0, repeated: 1, rejected: 1 }]);
    expect(levels(house)).toEqual(before);
  });

  test('of a gateway whose message waited for another device to be claimed', async () => {
    const house = createPipelineHouse({
      gateways: [{ id: 'gateway:x', format: 'senml' }],
      devices: { bendung: { format: 'senml' } },
    });
    const pack = [
      { n: 'bendung/level', u: 'm', v: 1.4 },
      { n: 'new/level', u: 'm', v: 1.5 },
    ];
    await house.publish('senml/x', pack, 'gateway:x');
    const [kept] = house.rejections as [RejectedMessage];
    expect(kept.detail).toContain('stored already: bendung at 2026-01-15T02:30:00.000Z');
    expect(isUnclaimed(kept.detail, 'new', 'senml')).toBe(true);
    expect(await replayAll(house)).toEqual([{ stored: 0, repeated: 1, rejected: 1 }]);
    expect(house.readings).toHaveLength(1);
  });

  test('and the second replay of what stays refused says the same', async () => {
    const house = createPipelineHouse();
    await house.publish(GAUGE, { levelM: 3.1, batteryV: 99 }, 'bendung');
    await replayAll(house);
    await replayAll(house);
    expect(house.rejections.map(({ detail }) => detail)).toEqual(
      house.rejections.map(() => house.rejections[0]?.detail),
    );
    expect(house.readings).toHaveLength(1);
  });
});

test('what is written of the stored part is read back, and goes without a trace', () => {
  const aReading = fc.record({
    device: fc.constantFrom('a', 'gauge-1', 'z-9'),
    atMs: fc.integer({ min: 0, max: 4e12 }),
    isDated: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(aReading, { maxLength: 60 }), (all) => {
      const good = all.map(
        ({ device, atMs, isDated }): Reading =>
          readingOf(device, atMs, { levelM: 1 }, { quality: isDated ? 1 : 0 }),
      );
      const refused = { reason: 'out-of-range', detail: 'x; y' } as RejectedMessage;
      const told = withStoredPart(refused, good);
      expect(withoutStoredPart(told.detail)).toBe('x; y');
      expect(withStoredPart(told, good).detail).toBe(told.detail);
      for (const [device, times] of parseStoredPart(told.detail) ?? []) {
        const own = good.filter((each) => each.device === device);
        expect(times).toEqual(own.map(({ measuredAt }) => measuredAt));
      }
    }),
  );
  const even = Array.from({ length: 500 }, (_, n) =>
    readingOf('a', 1e12 + n * 60_000, { levelM: 1 }, { quality: 1 }),
  );
  const told = withStoredPart({ reason: 'not-json', detail: '' } as RejectedMessage, even);
  expect(told.detail.length).toBeLessThan(120);
  expect(parseStoredPart(told.detail)?.get('a')).toEqual(even.map(({ measuredAt }) => measuredAt));
});
