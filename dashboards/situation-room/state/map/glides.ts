/**
 * Where each unit is drawn while it moves from one fix to the next.
 *
 * Fixes come every few seconds; a mark that jumps is lost by the eye. Invariants: a mark lies on the line from where it
 * was drawn to its last fix and never beyond it; it is there before the next fix is due; nothing is foretold.
 */
import type { LngLat } from '../api/api-shapes.ts';

export interface Fix {
  readonly lng: number;
  readonly lat: number;
  /** Epoch ms; a unit that repeats itself does not move. */
  readonly measuredAt: number;
}

interface Glide {
  readonly from: LngLat;
  readonly to: LngLat;
  readonly measuredAt: number;
  readonly startedAtMs: number;
  readonly lastsMs: number;
}

/** A unit that reports each second takes most of it; one that reports each minute is not shown on its way for long. */
const LONGEST_MS = 2_000;
const SHARE_OF_GAP = 0.9;
/** Some 3 km: it was not driven between two fixes, and nobody should see it cross the city. */
const JUMP_DEGREES = 0.03;

export interface Glides {
  /** The unit's last word; the first is where it stands. */
  set(unit: string, fix: Fix): void;
  /** Undefined for a unit that never was set. */
  at(unit: string): LngLat | undefined;
  isMoving(): boolean;
  /** Forgets all others. */
  keep(units: ReadonlySet<string>): void;
}

/** `now` in ms, never set back; `isStill` where a person wants less motion. */
export function createGlides(now: () => number, isStill: () => boolean): Glides {
  const glides = new Map<string, Glide>();
  const at = ({ from, to, startedAtMs, lastsMs }: Glide): LngLat => {
    const share = lastsMs <= 0 ? 1 : Math.min(1, Math.max(0, (now() - startedAtMs) / lastsMs));
    if (share === 1) return to;
    return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
  };
  return {
    set(unit, { lng, lat, measuredAt }) {
      const before = glides.get(unit);
      if (before?.measuredAt === measuredAt && before.to[0] === lng && before.to[1] === lat) return;
      const to: LngLat = [lng, lat];
      const from = before ? at(before) : to;
      const isFar = Math.hypot(to[0] - from[0], to[1] - from[1]) > JUMP_DEGREES;
      const gapMs = before ? Math.max(0, measuredAt - before.measuredAt) : 0;
      const lastsMs = isFar || isStill() ? 0 : Math.min(LONGEST_MS, gapMs * SHARE_OF_GAP);
      glides.set(unit, { from, to, measuredAt, startedAtMs: now(), lastsMs });
    },
    at(unit) {
      const glide = glides.get(unit);
      return glide && at(glide);
    },
    isMoving: () => [...glides.values()].some(({ startedAtMs, lastsMs }) => now() - startedAtMs < lastsMs),
    keep(units) {
      for (const unit of glides.keys()) if (!units.has(unit)) glides.delete(unit);
    },
  };
}
