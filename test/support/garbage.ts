/**
 * Seeded garbage: topics and payloads as broken firmware, a wrong configuration or a curious neighbour sends
 * them. Invariant: every topic may be published to by the rules of MQTT.
 */
import { pick, type Random } from '../../firmware-sim/random.ts';
import { ROOT, TELEMETRY } from './misunderstood-messages.ts';

/** Any legal topic: a device's own now and then, else words of ours and of nobody, in any number. */
export function drawTopic(random: Random): string {
  const word = () =>
    pick(random, [
      'siaga',
      'semarang',
      'river-gauge',
      'ambulance',
      'motor-01',
      'x',
      '',
      'é',
      'Ω ☂',
      'a'.repeat(300),
    ]);
  const any = Array.from({ length: 1 + Math.floor(random() * 8) }, word).join('/');
  return (
    pick(random, [
      TELEMETRY,
      'siaga/semarang/ambulance/motor-01/telemetry',
      `${ROOT}/status`,
      `${ROOT}/ack`,
      any,
      any,
      any,
    ]) || 'x'
  );
}

/** Bytes, JSON with wrong values, JSON with one byte bent, JSON cut off. */
export function drawPayload(random: Random): Buffer {
  const bytes = Buffer.from(
    Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)),
  );
  const json = Buffer.from(
    JSON.stringify({ levelM: 1e4, lat: 'x', status: random(), seq: -1, v: [random()] }),
  );
  // A byte of the JSON is another one.
  const bent = Buffer.from(json);
  bent[Math.floor(random() * bent.length)] = Math.floor(random() * 256);
  return pick(random, [bytes, json, bent, json.subarray(0, Math.floor(random() * json.length))]);
}
