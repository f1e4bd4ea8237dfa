/** How many contested ids are remembered. */
import { expect, test } from 'vitest';
import { ContestedIds } from '../../../../broker/clients/contested-ids.ts';

const origin = { listener: 'memory', address: '10.0.0.1' } as const;

test('the thousand that changed hands last are remembered', () => {
  let named = 0;
  const contested = new ContestedIds({ now: () => 0, onContested: () => named++ });
  for (let id = 0; id < 1_500; id++) {
    for (let times = 0; times < 5; times++) contested.takenOver(`gauge-${id}`, origin, origin);
  }
  expect(named).toBe(1_500);
  expect(contested.list()).toHaveLength(1_000);
  expect(contested.waitMs('gauge-499')).toBe(0);
  expect(contested.waitMs('gauge-500')).toBe(5_000);
});
