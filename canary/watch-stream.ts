/** Where the live stream tells a reading: resolves with the id that it has in the journal. */
import type { LiveFeed } from '../fleet/live-feed.ts';

interface StreamedReading {
  readonly id: number;
  readonly device: string;
  readonly measuredAt: string;
}

/** Watches from now on. Throws when `signal` aborts. */
export async function watchStream(
  feed: Pick<LiveFeed, 'lastNumber' | 'since' | 'watch'>,
  { device, measuredAt }: Omit<StreamedReading, 'id'>,
  signal: AbortSignal,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let last = feed.lastNumber;
  const stop = feed.watch(() => {
    const events = feed.since(last) ?? [];
    last = feed.lastNumber;
    for (const { type, body } of events) {
      const reading = body as StreamedReading;
      if (type !== 'reading' || reading.device !== device || reading.measuredAt !== measuredAt) continue;
      resolve(reading.id);
    }
  });
  const giveUp = () => reject(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
    stop();
  }
}
