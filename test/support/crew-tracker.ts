/**
 * A crew's tracker whose clock is wrong: what it says goes through ingest's judgement, as on the way from the broker,
 * and then to dispatch. The tracker repeats its last status with each report.
 */
import { QualityFlag, type Reading } from '../../devices/reading.ts';
import { createQuality, type Quality } from '../../ingest/quality.ts';
import { readingOf } from './alert-house.ts';
import type { DispatchHouse } from './dispatch-house.ts';

/** A tracker reports each 5 s while its unit moves. */
const REPORT_EVERY_S = 5;
/** A mobile network that is well, ms. */
const LINK_MS = 200;

export interface CrewTracker {
  /** Its clock is ahead of the server's by this, ms; below zero behind. */
  aheadMs: number;
  /** The server's clock is set, and the tracker's is not. */
  serverClockSet(stepMs: number): void;
  /** One report, measured so long ago, ms. */
  say(status: string, ageMs?: number): Promise<Reading>;
  /** Reports for so long, each 5 s. */
  report(status: string, seconds: number): Promise<void>;
}

export function createCrewTracker(
  house: DispatchHouse,
  unit: string,
  quality: Quality = createQuality(),
): CrewTracker {
  return {
    aheadMs: 0,
    serverClockSet(stepMs) {
      this.aheadMs -= stepMs;
      house.setClock(stepMs);
      quality.clockSet(house.clock.ms, stepMs);
    },
    async say(status, ageMs = LINK_MS) {
      const receivedAt = house.clock.ms;
      const ownMs = receivedAt - ageMs + this.aheadMs;
      const at = { lat: -7.02, lng: 110.41, speedMps: 0 };
      // As validate.ts does with a time that no clock can say.
      const isRefused = ownMs > receivedAt + 60_000;
      const said = readingOf(
        unit,
        isRefused ? receivedAt : ownMs,
        { ...at, status, ...(isRefused ? { deviceClockMs: ownMs } : {}) },
        { receivedAt, quality: isRefused ? QualityFlag.serverTime | QualityFlag.clockRefused : 0 },
      );
      const reading = quality.assess({ ...said, kind: 'ambulance' });
      await house.take(reading);
      return reading;
    },
    async report(status, seconds) {
      for (let passed = 0; passed < seconds; passed += REPORT_EVERY_S) {
        await house.pass(REPORT_EVERY_S);
        await this.say(status);
      }
    },
  };
}
