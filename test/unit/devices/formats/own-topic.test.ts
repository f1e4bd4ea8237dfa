/** What may stand before the topic of a format. */
import { describe, expect, test } from 'vitest';
import { ownTopic } from '../../../../devices/formats/format.ts';
import { createFormats } from '../../../../devices/formats/index.ts';

const formats = createFormats();

describe('a topic of a format', () => {
  test.each([
    ['owntracks', '/owntracks/budi/hp', 'owntracks/budi/hp'],
    ['owntracks', 'owntracks/budi/hp', 'owntracks/budi/hp'],
    ['tasmota', 'kota/timur/tele/pos-1/SENSOR', 'tele/pos-1/SENSOR'],
    ['tasmota', 'kota/pos-1/tele/SENSOR', 'pos-1/tele/SENSOR'],
    ['chirpstack', 'eu868/application/1/device/a8/event/up', 'application/1/device/a8/event/up'],
    ['the-things-stack', 'ttn/v3/app@tenant/devices/a/up', 'v3/app@tenant/devices/a/up'],
    ['siaga', 'bridge/siaga/semarang/river-gauge/a/telemetry', 'siaga/semarang/river-gauge/a/telemetry'],
    ['sparkplug-b', 'a/b/c/d/spBv1.0/G/NDATA/n', 'spBv1.0/G/NDATA/n'],
  ])('%s: what stands before %s is passed over', (format, topic, own) => {
    const found = formats.get(format);
    expect(found && ownTopic(found, topic)).toBe(own);
  });

  test.each([
    ['owntracks', 'budi/hp'],
    ['owntracks', 'a/b/c/d/e/owntracks/budi/hp'],
    ['tasmota', 'tele'],
    ['value', 'any/thing'],
  ])('%s has none in %s', (format, topic) => {
    const found = formats.get(format);
    expect(found && ownTopic(found, topic)).toBeUndefined();
  });
});
