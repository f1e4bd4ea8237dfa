/** Siaga's own device: what it sends is of no river and no place, and shows that readings arrive (canary/). */
import { defineDeviceKind } from '../device-kind.ts';

export const canary = defineDeviceKind({
  name: 'canary',
  label: { en: 'canary', id: 'perangkat penguji' },
  description:
    'A device that the server itself plays where `CANARY_EVERY_S` is set: it connects over MQTT as any other, and its ' +
    'reading is followed to the live stream, the alerts and history. There is none to install.',
  quantities: {
    beats: {
      type: 'counter',
      unit: '1',
      required: true,
      description: 'Readings that it has sent since the server was started.',
      label: { en: 'beats', id: 'denyut' },
    },
    lastWayS: {
      type: 'gauge',
      unit: 's',
      min: 0,
      max: 3_600,
      description:
        'How long the reading before this one took from its PUBLISH until it was readable in history.',
      label: { en: 'last way', id: 'perjalanan terakhir' },
    },
  },
  reportIntervalS: 60,
  silentAfterS: 300,
  audience: 'staff',
  isOwn: true,
  shows: ['beats', 'lastWayS'],
  example: { measuredAt: '2026-01-15T02:30:00Z', seq: 41, beats: 41, lastWayS: 0.12 },
});
