/**
 * What a gauge measured, from the history: for the plot of a gauge and for the small lines of all.
 */
import type { ApiClient } from './api/api-client.ts';
import type { ReadingsJson } from './api/api-shapes.ts';
import type { LevelPoint } from './level-series.ts';

/** The stages since an instant, in windows. Throws ApiError. */
export async function readLevels(
  client: ApiClient,
  gaugeId: string,
  fromMs: number,
  every: string,
): Promise<LevelPoint[]> {
  const query = new URLSearchParams({
    ...{ from: new Date(fromMs).toISOString(), every, fn: 'last', quantities: 'levelM', limit: '1000' },
  });
  const { points } = await client.get<ReadingsJson>(`v1/devices/${gaugeId}/readings?${query}`);
  return points.flatMap(({ at, values: { levelM } }) =>
    typeof levelM === 'number' ? [{ atMs: Date.parse(at), levelM }] : [],
  );
}
