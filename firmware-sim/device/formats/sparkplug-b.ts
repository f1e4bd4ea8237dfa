/**
 * Sparkplug B: a PLC at a weir as an edge node, with a birth, data by aliases, and its death as its will.
 *
 * The death has the number of the birth (`bdSeq`), one more with each connection; the count of messages begins with
 * the birth at 0 and goes from 255 to 0 [Sparkplug 3.0, 6.4.19]. So nothing is kept for a later connection, whose count
 * is another one. Against the specification, which wants QoS 0, it is said with QoS 1: the simulator counts what was
 * acknowledged.
 */
import type { Presence } from '../../../devices/topics.ts';
import type { EncoderFacts, Report, Speaker, Voice, Words } from './encoder.ts';
import { formatSparkplug, type SparkplugWords } from './sparkplug-payload.ts';

const UNITS: Readonly<Record<string, string>> = {
  ...{ levelM: 'm', distanceM: 'm', rainMm: 'mm', batteryV: 'V', rssiDbm: 'dBm' },
};
const QUANTITIES = Object.keys(UNITS);
/** Of what comes and goes with a connection; a byte, as the count of messages. */
const NUMBERS = 256;
/** Data types [Sparkplug 3.0, 6.4.16]. */
const [INT64, DOUBLE, BOOLEAN] = [4, 10, 11];

type Metrics = NonNullable<SparkplugWords['metrics']>;

export const sparkplugB: EncoderFacts & { openVoice(): Voice } = {
  name: 'sparkplug-b',
  kinds: new Set(['river-gauge']),
  quantities: new Set(QUANTITIES),
  hasTime: true,
  keepsNothing: true,
  openVoice,
};

function openVoice(): Voice {
  let birthNumber = -1;
  let bornAt = 0;
  let count = 0;
  let last: Report | undefined;

  const nextCount = () => {
    count = (count + 1) % NUMBERS;
    return count;
  };

  return {
    begin(nowMs) {
      birthNumber = (birthNumber + 1) % NUMBERS;
      bornAt = Math.floor(nowMs);
    },
    encode(speaker, report) {
      last = report;
      const metrics = metricsOf(report).filter((metric) => !metric.isNull);
      const byAlias = metrics.map(({ name, unit, ...metric }) => metric);
      return wordsOf(speaker, 'NDATA', {
        ...{ timestamp: Math.floor(report.measuredAtMs), seq: nextCount(), metrics: byAlias },
      });
    },
    formatPresence(speaker, presence: Presence) {
      const number = { name: 'bdSeq', dataType: INT64, long: birthNumber };
      if (presence === 'offline') return wordsOf(speaker, 'NDEATH', { metrics: [number] });
      count = 0;
      const rebirth = { name: 'Node Control/Rebirth', dataType: BOOLEAN, boolean: false };
      const metrics = [number, rebirth, ...metricsOf(last)];
      return wordsOf(speaker, 'NBIRTH', { timestamp: bornAt, seq: count, metrics });
    },
  };
}

/** All that it can measure, with the last value where there is one: an alias is the place in this list, from 1. */
function metricsOf(report: Report | undefined): Metrics {
  return QUANTITIES.map((name, index) => {
    const value = report?.measured[name];
    return {
      ...{ name: `Weir/${name}`, alias: index + 1, dataType: DOUBLE, unit: UNITS[name] as string },
      ...(report ? { timestamp: Math.floor(report.measuredAtMs) } : {}),
      ...(typeof value === 'number' ? { double: value } : { isNull: true }),
    };
  });
}

function wordsOf({ city, id }: Speaker, type: string, words: SparkplugWords): Words {
  return { topic: `spBv1.0/${city}/${type}/${id}`, payload: formatSparkplug(words), isRetained: false };
}
