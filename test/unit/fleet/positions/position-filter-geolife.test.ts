/**
 * The filter on 217,653 real fixes of two people in Beijing, 1–5 s apart, and on the same with 2 % outliers of
 * 1–50 km put in. The data may not be in the repository: the tests skip where it is absent.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { distanceM } from '../../../../cities/great-circle.ts';
import {
  type Fix,
  filterPosition,
  MAX_SPEED_MPS,
  type PositionOutcome,
  type PositionState,
} from '../../../../fleet/positions/position-filter.ts';

const folder = process.env['SIAGA_TEST_DATA_DIR'] ?? `${import.meta.dirname}/../../../../../shared/data`;
const file = `${folder}/geolife-sample.txt.gz`;
const present = existsSync(file);
if (!present) console.warn(`skipped: ${file} is absent (set SIAGA_TEST_DATA_DIR)`);

/** The tracks in order of time, one a person. */
function readTracks(): Fix[][] {
  const tracks = new Map<string, Fix[]>();
  for (const line of gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n').slice(1)) {
    const [lat, lng, time, person] = line.split(',') as [string, string, string, string];
    const fix = { lat: Number(lat), lng: Number(lng), measuredAt: Date.parse(`${time.replace(' ', 'T')}Z`) };
    const track = tracks.get(person) ?? [];
    tracks.set(person, track);
    track.push(fix);
  }
  for (const track of tracks.values()) track.sort((a, b) => a.measuredAt - b.measuredAt);
  return [...tracks.values()];
}

interface Tally {
  readonly counts: Record<PositionOutcome, number>;
  fastestMps: number;
}

function filterTrack(
  track: readonly Fix[],
  tally: Tally,
  seen?: (fix: Fix, outcome: PositionOutcome) => void,
) {
  let state: PositionState | undefined;
  for (const fix of track) {
    const before = state?.present;
    const next = filterPosition(state, fix);
    state = next.state;
    const { outcome } = next.verdict;
    tally.counts[outcome]++;
    seen?.(fix, outcome);
    if (!before || !state || outcome === 'relocated' || state.present === before) continue;
    const elapsedS = (state.present.measuredAt - before.measuredAt) / 1000;
    tally.fastestMps = Math.max(tally.fastestMps, distanceM(before, state.present) / elapsedS);
  }
}

const emptyTally = (): Tally => ({
  counts: { moved: 0, held: 0, relocated: 0, repeat: 0, older: 0, 'out-of-range': 0, 'too-fast': 0 },
  fastestMps: 0,
});

describe.skipIf(!present)('on the GeoLife sample', () => {
  const tracks = present ? readTracks() : [];

  test('the filter keeps at least 99 % of the fixes and lets no jump over 150 km/h into the present', () => {
    const tally = emptyTally();
    for (const track of tracks) filterTrack(track, tally);
    const { moved, held, relocated, 'too-fast': refused } = tally.counts;
    console.info('GeoLife as it is:', tally);
    expect((moved + held + relocated) / (moved + held + relocated + refused)).toBeGreaterThanOrEqual(0.99);
    expect(tally.fastestMps).toBeLessThanOrEqual(MAX_SPEED_MPS + 1e-9);
  });

  test('of 2 % outliers of 1–50 km at least 99 % are caught, and the good fixes beside them are kept', () => {
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 4_294_967_296;
    };
    const outliers = new Set<Fix>();
    const damaged = tracks.map((track) =>
      track.map((fix) => {
        if (random() >= 0.02) return fix;
        const metres = 1_000 + 49_000 * random();
        const angle = 2 * Math.PI * random();
        const outlier = {
          ...fix,
          lat: fix.lat + (metres * Math.cos(angle)) / 111_195,
          lng: fix.lng + (metres * Math.sin(angle)) / (111_195 * Math.cos((fix.lat * Math.PI) / 180)),
        };
        outliers.add(outlier);
        return outlier;
      }),
    );
    const tally = emptyTally();
    const passed = { outliers: 0, good: 0, goodRefused: 0 };
    for (const track of damaged) {
      filterTrack(track, tally, (fix, outcome) => {
        const isPresent = outcome === 'moved' || outcome === 'held' || outcome === 'relocated';
        if (outliers.has(fix)) passed.outliers += isPresent ? 1 : 0;
        else if (isPresent) passed.good++;
        else if (outcome === 'too-fast') passed.goodRefused++;
      });
    }
    const catchRate = 1 - passed.outliers / outliers.size;
    console.info('GeoLife with 2 % outliers:', { catchRate, injected: outliers.size, passed, ...tally });
    expect(catchRate).toBeGreaterThanOrEqual(0.99);
    expect(passed.good / (passed.good + passed.goodRefused)).toBeGreaterThanOrEqual(0.99);
    expect(tally.fastestMps).toBeLessThanOrEqual(MAX_SPEED_MPS + 1e-9);
  });
});
