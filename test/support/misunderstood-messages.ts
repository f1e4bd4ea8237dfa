/**
 * Messages that Siaga does not understand, one for every way that we know of, each with the reason it must be
 * given. Invariant: each one is refused as a whole, and is a legal MQTT packet.
 */
import type { RejectionReason } from '../../devices/rejection.ts';

export const ROOT = 'siaga/semarang/river-gauge/garang-pudakpayung';
export const TELEMETRY = `${ROOT}/telemetry`;
const ANOTHER_KIND = 'siaga/semarang/wifi-access-point/garang-pudakpayung/telemetry';

/** A good one of a day ago, by number. */
export function gaugeReading(n: number) {
  return { measuredAt: Date.now() - 86_400_000 + n * 1_000, seq: n, levelM: 1 };
}

/** What is wrong, topic, payload, reason. */
export const misunderstoodMessages: readonly (readonly [string, string, string | Buffer, RejectionReason])[] =
  [
    ['a topic of somebody else', 'home/kitchen/temperature', '21.5', 'bad-topic'],
    ['a topic that is one word', 'x', '{}', 'bad-topic'],
    ['a topic of slashes', '////', '{}', 'bad-topic'],
    ['a topic of a hundred levels', `${'a/'.repeat(99)}z`, '{}', 'bad-topic'],
    ['a topic of the broker itself', '$SYS/uptime', '1', 'bad-topic'],
    ['an alert that no device may raise', 'siaga/semarang/alerts/flood', '{}', 'bad-topic'],
    ['a command, which goes down and not up', `${ROOT}/command`, '{}', 'bad-topic'],
    ['an unknown channel', `${ROOT}/gossip`, '{}', 'bad-topic'],
    ['an id in capitals', 'siaga/semarang/river-gauge/GAUGE-1/telemetry', '{}', 'bad-topic'],
    [
      'another city',
      'siaga/atlantis/river-gauge/garang-pudakpayung/telemetry',
      '{"levelM":1}',
      'unknown-city',
    ],
    ['an unknown kind', 'siaga/semarang/toaster/toaster-1/telemetry', '{"levelM":1}', 'unknown-kind'],
    [
      'an unknown device',
      'siaga/semarang/river-gauge/nobody-knows-me/telemetry',
      '{"levelM":1}',
      'unknown-device',
    ],
    ['the wrong kind', ANOTHER_KIND, '{"clients":1}', 'wrong-kind'],
    ['no payload', TELEMETRY, '', 'not-json'],
    ['half of a JSON', TELEMETRY, '{"levelM":1.4', 'not-json'],
    ['text', TELEMETRY, 'level=1.4', 'not-json'],
    ['a byte order mark alone', TELEMETRY, '\uFEFF', 'not-json'],
    ['a level that is NaN', TELEMETRY, '{"levelM":NaN}', 'missing-quantity'],
    ['NUL bytes', TELEMETRY, Buffer.alloc(64), 'not-json'],
    ['invalid UTF-8', TELEMETRY, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'not-utf8'],
    ['half of a surrogate pair in UTF-8', TELEMETRY, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not-utf8'],
    ['a number', TELEMETRY, '42', 'not-an-object'],
    ['null', TELEMETRY, 'null', 'not-an-object'],
    ['arrays in each other, very deep', TELEMETRY, '['.repeat(60_000) + ']'.repeat(60_000), 'not-an-object'],
    ['an array of no readings', TELEMETRY, '[]', 'empty-batch'],
    ['no level', TELEMETRY, '{"rainMm":0.2}', 'missing-quantity'],
    ['nothing at all', TELEMETRY, '{}', 'missing-quantity'],
    ['a level that is hidden in the prototype', TELEMETRY, '{"__proto__":{"levelM":1}}', 'missing-quantity'],
    ['a level in words', TELEMETRY, '{"levelM":"high"}', 'wrong-type'],
    ['a level that is null', TELEMETRY, '{"levelM":null}', 'missing-quantity'],
    ['a level under another name', TELEMETRY, '{"LevelM":1.4}', 'missing-quantity'],
    ['a level that is deep', TELEMETRY, `{"levelM":${'['.repeat(9_000)}${']'.repeat(9_000)}}`, 'wrong-type'],
    ['an endless level', TELEMETRY, '{"levelM":1e999}', 'wrong-type'],
    ['an absurd level', TELEMETRY, '{"levelM":9999}', 'out-of-range'],
    ['an unknown presence', `${ROOT}/status`, '{"status":"dancing"}', 'bad-status'],
    ['a presence that is not JSON', `${ROOT}/status`, 'on-line', 'bad-status'],
    ['an answer that nobody asked for', `${ROOT}/ack`, '{"assignment":"none"}', 'bad-ack'],
  ];
