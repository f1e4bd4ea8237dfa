/**
 * Access points of the free public Wi-Fi. Counters restart from 0 with the device; traffic is their
 * difference. Addresses of clients are personal data and have no place in the payload.
 */
import { z } from 'zod';
import { defineDeviceKind } from '../device-kind.ts';
import { id, isOfKind, place } from '../site.ts';

const site = z.strictObject({
  ...place,
  kind: z.literal('wifi-access-point'),
  /** The public place it serves, many access points to one. */
  place: z.string().min(1),
  uplink: id,
  /** Clients it serves well at once. */
  capacityClients: z.int().positive(),
});
export type AccessPoint = z.infer<typeof site>;
export const isAccessPoint = isOfKind<AccessPoint>('wifi-access-point');

export const wifiAccessPoint = defineDeviceKind({
  name: 'wifi-access-point',
  site,
  label: { en: 'Wi-Fi access point', id: 'titik Wi-Fi publik' },
  description: 'Load, traffic and link quality of one public access point.',
  quantities: {
    clients: {
      type: 'gauge',
      unit: '1',
      min: 0,
      max: 5000,
      required: true,
      description: 'Associated clients.',
    },
    rxBytes: { type: 'counter', unit: 'B', description: 'Bytes received from clients since it started.' },
    txBytes: { type: 'counter', unit: 'B', description: 'Bytes sent to clients since it started.' },
    rttMs: { type: 'gauge', unit: 'ms', min: 0, max: 60_000, description: 'Round trip to the gateway.' },
    lossPct: { type: 'gauge', unit: '%', min: 0, max: 100, description: 'Packets lost on the uplink.' },
    channelUtilizationPct: {
      type: 'gauge',
      unit: '%',
      min: 0,
      max: 100,
      description: 'Share of air time in use.',
    },
    uptimeS: { type: 'counter', unit: 's', description: 'Since it started.' },
  },
  reportIntervalS: 60,
  silentAfterS: 300,
  audience: 'public',
  tags: ['place', 'uplink'],
  groupedBy: 'uplink',
  references: { uplink: 'uplinks' },
  digest: { name: 'wifi', per: 'group' },
  silence: {
    rule: 'access-point-down',
    rank: 1,
    label: { en: 'access point down', id: 'titik Wi-Fi mati' },
  },
  panel: 'wifi',
  shows: ['clients', 'rttMs', 'lossPct', 'channelUtilizationPct'],
  example: {
    measuredAt: '2026-01-15T02:30:00Z',
    seq: 90,
    clients: 37,
    rxBytes: 71_303_168,
    txBytes: 933_232_640,
    rttMs: 8.4,
    lossPct: 0.2,
    channelUtilizationPct: 41,
    uptimeS: 86_400,
  },
});
