/**
 * River and tide gauges. A gauge sends either the stage above its datum (`levelM`) or, where the sensor
 * hangs under a bridge, the distance down to the water (`distanceM`): stage = sensor height − distance,
 * worked out at validate from the device's `sensorHeightM`, and the distance is kept.
 */
import { defineDeviceKind } from '../device-kind.ts';
import { QualityFlag } from '../reading.ts';

export const riverGauge = defineDeviceKind({
  name: 'river-gauge',
  label: { en: 'river gauge', id: 'pos duga air' },
  description:
    'Stage of a river, canal or the tide above the gauge datum, with rain where there is a bucket.',
  quantities: {
    levelM: { type: 'gauge', unit: 'm', min: -20, max: 120, description: 'Stage above the gauge datum.' },
    distanceM: {
      type: 'gauge',
      unit: 'm',
      min: 0,
      max: 60,
      description: 'From the sensor down to the water.',
    },
    // 400 mm in one report is more than the world's record for a quarter of an hour (198 mm).
    rainMm: { type: 'gauge', unit: 'mm', min: 0, max: 400, description: 'Rain since the last report.' },
    rainTotalMm: {
      type: 'counter',
      unit: 'mm',
      description: 'Rain since the bucket counts; instead of `rainMm`, and no report of it can be lost.',
    },
    batteryV: { type: 'gauge', unit: 'V', min: 0, max: 60, description: 'Supply voltage.' },
    batteryPct: { type: 'gauge', unit: '%', min: 0, max: 100, description: 'Charge of the battery.' },
    rssiDbm: { type: 'gauge', unit: 'dBm', min: -150, max: 0, description: 'Radio signal at the device.' },
  },
  oneOf: [['levelM', 'distanceM']],
  reportIntervalS: 60,
  silentAfterS: 300,
  isPublic: true,
  example: {
    measuredAt: '2026-01-15T02:30:00Z',
    seq: 4711,
    levelM: 1.42,
    rainMm: 0.4,
    batteryV: 12.6,
    rssiDbm: -71,
  },
  complete(values, site) {
    if (values['levelM'] !== undefined) return values;
    const { sensorHeightM } = site;
    if (typeof sensorHeightM !== 'number') {
      return 'distanceM needs the sensorHeightM of this gauge in the city folder; or send levelM';
    }
    return { ...values, levelM: sensorHeightM - (values['distanceM'] as number) };
  },
  assess(values, site) {
    const { sensorRangeM } = site;
    if (!Array.isArray(sensorRangeM)) return 0;
    const levelM = values['levelM'] as number;
    return levelM < sensorRangeM[0] || levelM > sensorRangeM[1] ? QualityFlag.outsideSensorRange : 0;
  },
});
