import fc from 'fast-check';
import { expect, test } from 'vitest';
import { API_MAX_CONNECTIONS } from '../../../api/app.ts';
import { readDescriptorLimit, shareDescriptors } from '../../../opening/share-descriptors.ts';

const config = { MQTT_MAX_CONNECTIONS: 12_000 };

test('a limit above the bounds changes none of them', () => {
  for (const limit of [14_128, 1_048_576, Number.POSITIVE_INFINITY]) {
    expect(shareDescriptors(config, limit)).toEqual({
      mqttConnections: 12_000,
      apiConnections: API_MAX_CONNECTIONS,
    });
  }
});

test('a limit below them is shared, a quarter of what is left for people, and said', () => {
  expect(shareDescriptors(config, 256)).toEqual({
    mqttConnections: 96,
    apiConnections: 32,
    shortage: { limit: 256, needed: 14_128 },
  });
  expect(shareDescriptors(config, 1_024)).toMatchObject({ mqttConnections: 672, apiConnections: 224 });
});

test('whatever the limit, both can be reached, and together they stay below it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 144, max: 20_000 }),
      fc.integer({ min: 1, max: 20_000 }),
      (limit, wanted) => {
        const { mqttConnections, apiConnections } = shareDescriptors({ MQTT_MAX_CONNECTIONS: wanted }, limit);
        expect(Math.min(mqttConnections, apiConnections)).toBeGreaterThanOrEqual(1);
        expect(mqttConnections + apiConnections).toBeLessThanOrEqual(Math.max(limit - 112, 16));
      },
    ),
  );
});

test('the limit of this process is a number', () => {
  expect(readDescriptorLimit()).toBeGreaterThan(0);
});
