import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distanceM } from '../../../../cities/great-circle.ts';
import { QualityFlag } from '../../../../devices/reading.ts';
import {
  AGREEING_FIXES,
  type Fix,
  filterPosition,
  MAX_SPEED_MPS,
  type PositionState,
  type PositionVerdict,
} from '../../../../fleet/positions/position-filter.ts';

const home: Fix = { lat: -6.99, lng: 110.42, measuredAt: 1_000_000 };
/** `northM` metres north of home, `afterS` seconds later. */
const fix = (northM: number, afterS: number, more: Partial<Fix> = {}): Fix => ({
  lat: home.lat + northM / 111_195,
  lng: home.lng,
  measuredAt: home.measuredAt + afterS * 1000,
  ...more,
});

function run(fixes: readonly Fix[]): { state: PositionState | undefined; verdicts: PositionVerdict[] } {
  let state: PositionState | undefined;
  const verdicts: PositionVerdict[] = [];
  for (const each of fixes) {
    const next = filterPosition(state, each);
    state = next.state;
    verdicts.push(next.verdict);
  }
  return { state, verdicts };
}
const outcomes = (fixes: readonly Fix[]) => run(fixes).verdicts.map((verdict) => verdict.outcome);

test('a vehicle that drives moves with each fix', () => {
  const { state, verdicts } = run([home, fix(50, 5), fix(120, 10)]);
  expect(verdicts.map((each) => each.outcome)).toEqual(['moved', 'moved', 'moved']);
  expect(state?.present).toEqual(fix(120, 10));
});

test('a fix with the time of the present is a repeat, an older one belongs to history and not to the present', () => {
  const { state, verdicts } = run([home, fix(50, 5), fix(50, 5), fix(20, 2)]);
  expect(verdicts.map((each) => each.outcome)).toEqual(['moved', 'moved', 'repeat', 'older']);
  expect(verdicts[3]?.quality).toBe(QualityFlag.late);
  expect(state?.present).toEqual(fix(50, 5));
});

test('0, 0 and what is not on the globe never becomes the present, not even first', () => {
  const { state, verdicts } = run([
    { lat: 0, lng: 0, measuredAt: 1 },
    { lat: 97, lng: 10, measuredAt: 2 },
  ]);
  expect(verdicts.map((each) => each.outcome)).toEqual(['out-of-range', 'out-of-range']);
  expect(verdicts[0]?.present).toBeUndefined();
  expect(state).toBeUndefined();
});

test('a bad accuracy is flagged and still tells where the vehicle is', () => {
  const { verdicts } = run([home, fix(50, 5, { accuracyM: 250 })]);
  expect(verdicts[1]).toMatchObject({ outcome: 'moved', quality: QualityFlag.lowAccuracy });
});

test('a parked vehicle stays where it is while it lies inside the radius of a coarse fix, and moves with a better one', () => {
  const parked = { ...home, accuracyM: 6, speedMps: 0 };
  const coarse = fix(1_400, 60, { accuracyM: 1_800 });
  const { state, verdicts } = run([parked, coarse, fix(-900, 65, { accuracyM: 1_000 })]);
  expect(verdicts.map(({ outcome }) => outcome)).toEqual(['moved', 'held', 'held']);
  expect(verdicts[1]).toMatchObject({
    quality: QualityFlag.lowAccuracy,
    present: { lat: home.lat, lng: home.lng, accuracyM: 1_800, measuredAt: coarse.measuredAt },
  });
  const good = fix(300, 90, { accuracyM: 8 });
  expect(filterPosition(state, good).verdict).toMatchObject({ outcome: 'moved', present: good });
});

test('a coarse fix holds nothing outside its radius, nor a place that is known worse', () => {
  const parked = { ...home, accuracyM: 6, speedMps: 0 };
  expect(outcomes([parked, fix(1_400, 60, { accuracyM: 1_200 })])).toEqual(['moved', 'moved']);
  const vague = { ...home, accuracyM: 1_800, speedMps: 0 };
  expect(outcomes([vague, fix(250, 60, { accuracyM: 300 })])).toEqual(['moved', 'moved']);
});

test('a vehicle that drove a minute under coarse fixes is believed where the next good one finds it', () => {
  const drive = [home, fix(100, 10, { speedMps: 10 })];
  const coarse = [15, 25, 35, 45, 55].map((afterS) => fix(400, afterS, { accuracyM: 1_500 }));
  expect(outcomes([...drive, ...coarse, fix(650, 65, { accuracyM: 6 })]).slice(2)).toEqual([
    ...coarse.map(() => 'held'),
    'moved',
  ]);
});

test('a jump over 150 km/h is refused and the next good fix moves on from the last good one', () => {
  const { state, verdicts } = run([home, fix(5_000, 5), fix(100, 10)]);
  expect(verdicts.map((each) => each.outcome)).toEqual(['moved', 'too-fast', 'moved']);
  expect(verdicts[1]).toMatchObject({ quality: QualityFlag.implausibleSpeed, present: home });
  expect(state).toEqual({ present: fix(100, 10), refused: [] });
});

test('exactly 150 km/h is allowed and a little more is not', () => {
  expect(outcomes([home, fix(MAX_SPEED_MPS * 60 * 0.999, 60)])).toEqual(['moved', 'moved']);
  expect(outcomes([home, fix(MAX_SPEED_MPS * 60 * 1.001, 60)])).toEqual(['moved', 'too-fast']);
});

test('a first fix that was wrong does not starve the device: the third that agrees is believed', () => {
  const wrong = fix(40_000, 0);
  const { state, verdicts } = run([wrong, fix(0, 5), fix(40, 10), fix(80, 15), fix(120, 20)]);
  expect(verdicts.map((each) => each.outcome)).toEqual([
    'moved',
    'too-fast',
    'too-fast',
    'relocated',
    'moved',
  ]);
  expect(state?.present).toEqual(fix(120, 20));
});

test('three wild fixes that do not agree with each other move nothing', () => {
  expect(outcomes([home, fix(20_000, 5), fix(-9_000, 10), fix(30_000, 15), fix(40, 20)])).toEqual([
    'moved',
    'too-fast',
    'too-fast',
    'too-fast',
    'moved',
  ]);
});

test('one refused fix sent three times is one opinion, not three', () => {
  const wild = fix(20_000, 5);
  expect(outcomes([home, wild, wild, wild])).toEqual(['moved', 'too-fast', 'repeat', 'repeat']);
});

test('a parked vehicle stays where it is while its time goes on, and leaves when it leaves', () => {
  const parked = [
    fix(4, 60, { speedMps: 0.2 }),
    fix(-6, 120, { speedMps: 0 }),
    fix(7, 180, { speedMps: 0.1 }),
  ];
  const { state, verdicts } = run([home, ...parked, fix(30, 185, { speedMps: 5 })]);
  expect(verdicts.map((each) => each.outcome)).toEqual(['moved', 'held', 'held', 'held', 'moved']);
  expect(verdicts[3]?.present).toMatchObject({
    lat: home.lat,
    lng: home.lng,
    measuredAt: parked[2]?.measuredAt,
  });
  expect(state?.present).toEqual(fix(30, 185, { speedMps: 5 }));
});

test('a vehicle that creeps in a jam is not held for ever', () => {
  const creeping = Array.from({ length: 20 }, (_, step) => fix(step * 2, 5 * step));
  const { state } = run(creeping);
  expect(distanceM(state?.present as Fix, creeping.at(-1) as Fix)).toBeLessThanOrEqual(10);
});

test('whatever arrives: time never goes back, no silent jump over 150 km/h, and no more than two refusals of fixes that agree', () => {
  const wild = fc.record({
    northM: fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer({ min: -90_000, max: 90_000 })),
    afterS: fc.integer({ min: 0, max: 300 }),
    speedMps: fc.double({ min: 0, max: 40, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(wild, { maxLength: 60 }), (arrivals) => {
      let state: PositionState | undefined;
      for (const { northM, afterS, speedMps } of arrivals) {
        const before: PositionState | undefined = state;
        const { state: after, verdict } = filterPosition(state, fix(northM, afterS, { speedMps }));
        state = after;
        expect(verdict.present).toEqual(after?.present);
        expect(after?.refused.length ?? 0).toBeLessThan(AGREEING_FIXES);
        if (!before || !after) continue;
        const elapsedS = (after.present.measuredAt - before.present.measuredAt) / 1000;
        expect(elapsedS).toBeGreaterThanOrEqual(0);
        if (verdict.outcome === 'relocated') continue;
        const jumpM = distanceM(before.present, after.present);
        expect(jumpM).toBeLessThanOrEqual(MAX_SPEED_MPS * elapsedS + 1e-6);
      }
    }),
  );
});
