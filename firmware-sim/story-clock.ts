/**
 * The time of the story: minutes of weather and tide since the start, faster than the real clock.
 *
 * Only the story is compressed. Devices read the real clock, and what they report happened just now: alerts
 * judge the time of the event, and a simulator that faked it would prove nothing. Whoever watches may let it stand
 * still, hurry or go on from a later minute. Invariant: it never goes back.
 */
export interface StoryClock {
  /** Story minutes since the start. */
  minutes(nowMs: number): number;
  /** Story seconds in one real second, while it runs at its own pace. */
  readonly speed: number;
}

export interface LedStoryClock extends StoryClock {
  /** 0 stands still, 1 is its own pace. */
  readonly pace: number;
  setPace(pace: number, nowMs: number): void;
  /** Goes on from a later minute; an earlier one changes nothing. */
  jumpTo(minute: number, nowMs: number): void;
}

export function createStoryClock(startedAt: number, speed: number): LedStoryClock {
  let pace = 1;
  let sinceMs = startedAt;
  let sinceMinute = 0;
  const minutes = (nowMs: number) => sinceMinute + ((nowMs - sinceMs) / 60_000) * speed * pace;
  const settle = (nowMs: number) => {
    sinceMinute = minutes(nowMs);
    sinceMs = nowMs;
  };
  return {
    speed,
    minutes,
    get pace() {
      return pace;
    },
    setPace(wanted, nowMs) {
      settle(nowMs);
      pace = wanted;
    },
    jumpTo(minute, nowMs) {
      settle(nowMs);
      sinceMinute = Math.max(sinceMinute, minute);
    },
  };
}

/**
 * How often devices of the story report, ms: every four story minutes, no faster than `fastestMs` and no
 * slower than `slowestMs`, so that a compressed flood still has enough readings to be seen rising.
 */
export function storyIntervalMs(story: StoryClock, fastestMs: number, slowestMs: number): number {
  return Math.min(slowestMs, Math.max(fastestMs, (4 * 60_000) / story.speed));
}
