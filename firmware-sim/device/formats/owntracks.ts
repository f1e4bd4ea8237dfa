/**
 * OwnTracks: a phone on board. It knows where it is and how fast, and nothing of seats or duty.
 *
 * Ambulances do not speak it: an order cannot be acknowledged in it, and a crew's status has no word in it. As the app
 * does, `vel` is in whole km/h, the time in whole seconds, and what is 0 is left out.
 */
import type { Encoder, Measured } from './encoder.ts';

const USER = 'sim';
const KMH_IN_MPS = 1 / 3.6;

export const owntracks: Encoder = {
  name: 'owntracks',
  kinds: new Set(['tour-bus']),
  quantities: new Set(['lat', 'lng', 'accuracyM', 'speedMps', 'headingDeg', 'batteryPct']),
  hasTime: true,
  encode: ({ id }, { measured, measuredAtMs }) => ({
    topic: topicOf(id),
    payload: JSON.stringify({
      ...{ _type: 'location', tid: id.slice(-2), lat: measured['lat'], lon: measured['lng'] },
      tst: Math.floor(measuredAtMs / 1000),
      ...whole('acc', measured, 'accuracyM'),
      ...whole('vel', measured, 'speedMps', KMH_IN_MPS),
      ...whole('cog', measured, 'headingDeg'),
      ...whole('batt', measured, 'batteryPct'),
    }),
  }),
  formatPresence: ({ id }, presence) =>
    presence === 'offline'
      ? { topic: topicOf(id), payload: JSON.stringify({ _type: 'lwt', tst: 0 }) }
      : undefined,
};

function topicOf(id: string): string {
  return `owntracks/${USER}/${id}`;
}

function whole(key: string, measured: Measured, name: string, unit = 1): Record<string, number> {
  const value = measured[name];
  const rounded = typeof value === 'number' ? Math.round(value / unit) : 0;
  return rounded === 0 ? {} : { [key]: rounded };
}
