/**
 * The time of the story: minutes of weather and tide since the start, faster than the real clock.
 *
 * Only the story is compressed. Devices read the real clock, and what they report happened just now: alerts
 * judge the time of the event, and a simulator that faked it would prove nothing.
 */
export interface StoryClock {
  /** Story minutes since the start. */
  minutes(nowMs: number): number;
  /** Story seconds in one real second. */
  readonly speed: number;
}

export function createStoryClock(startedAt: number, speed: number): StoryClock {
  return { speed, minutes: (nowMs) => ((nowMs - startedAt) / 60_000) * speed };
}

/**
 * How often devices of the story report, ms: every four story minutes, no faster than `fastestMs` and no
 * slower than `slowestMs`, so that a compressed flood still has enough readings to be seen rising.
 */
export function storyIntervalMs(story: StoryClock, fastestMs: number, slowestMs: number): number {
  return Math.min(slowestMs, Math.max(fastestMs, (4 * 60_000) / story.speed));
}
