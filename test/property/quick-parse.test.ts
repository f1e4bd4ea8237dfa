/** The quick way through a kind's quantities, held against the judgement of them for every kind that is registered. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceKind } from '../../devices/device-kind.ts';
import { judgeQuantities } from '../../devices/judge-quantities.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Quantity } from '../../devices/quantity.ts';
import { countRuns } from '../support/property-runs.ts';

const anything = fc.oneof(
  fc.constantFrom(null, true, '', '3', Number.NaN, Number.POSITIVE_INFINITY, -0, [], {}),
  fc.double(),
  fc.string({ maxLength: 4 }),
);

function arbitraryOf(quantity: Quantity): fc.Arbitrary<unknown> {
  if (quantity.type === 'state') {
    return fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...quantity.states) }, anything);
  }
  const { min, max } = quantity.type === 'gauge' ? quantity : { min: 0, max: Number.MAX_SAFE_INTEGER };
  const edges = fc.constantFrom(min, max, min - 1, max + 1, min + Number.EPSILON);
  const inside = fc.double({ min, max, noNaN: true });
  return fc.oneof({ weight: 8, arbitrary: inside }, { weight: 2, arbitrary: edges }, anything);
}

function payloadOf(kind: DeviceKind): fc.Arbitrary<Record<string, unknown>> {
  const values = Object.entries(kind.sentQuantities).map(([name, quantity]) => [name, arbitraryOf(quantity)]);
  const known = fc.record(Object.fromEntries(values) as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys: [],
  });
  const envelope = fc.record(
    { measuredAt: fc.nat(), seq: fc.nat(), unheardOf: anything },
    { requiredKeys: [] },
  );
  return fc.tuple(known, envelope).map(([quantities, rest]) => ({ ...rest, ...quantities }));
}

describe.each([...deviceKinds.values()])('the quick parse of $name', (kind) => {
  it('gives exactly what the judgement gives, and nothing where that has something to say', () => {
    fc.assert(
      fc.property(payloadOf(kind), (payload) => {
        const { values, rejection } = judgeQuantities(payload, kind);
        expect(kind.quickParse(payload)).toEqual(rejection ? undefined : values);
      }),
      { numRuns: countRuns(2_000) },
    );
  });
});
