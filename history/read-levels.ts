/**
 * The levels of a gauge over a long past, page by page, for whoever learns from them.
 *
 * The highest of each window, so that no peak is lost; a page at a time, so that nobody waits long.
 */
import type { History } from './history.ts';

const PAGE = 2_000;

export async function* readLevels(
  history: Pick<History, 'windows'>,
  device: string,
  { fromMs, toMs, everyMs }: { readonly fromMs: number; readonly toMs: number; readonly everyMs: number },
): AsyncGenerator<{ atMs: number; levelM: number }[]> {
  for (let next: number | undefined = fromMs; next !== undefined; ) {
    const { points, nextFromMs } = await history.windows({
      ...{ kind: 'river-gauge', device, fromMs: next, toMs, everyMs, limit: PAGE },
      ...{ fn: 'max', timeZone: 'UTC', quantities: ['levelM'] },
    });
    yield points.flatMap(({ atMs, values: { levelM } }) =>
      typeof levelM === 'number' ? [{ atMs, levelM }] : [],
    );
    next = nextFromMs;
  }
}
