/**
 * `npm run bench -- formats [--messages 20000]`: what a message of each format costs, µs of one core.
 *
 * The recorded message of each format (`test/formats/<format>/valid`), decoded alone, and the whole way through the
 * pipeline up to a journal that stores nothing: topic, format, owner, validate, quality. Our own telemetry on its own
 * topic stands first, as a device sends it: with all formats registered, and with none, in turns. Each figure is
 * processor time, the least of several rounds: what else the machine does can only add to it.
 */
import { parseArgs } from 'node:util';
import { type Format, type FormatMessage, isClaims } from '../devices/formats/format.ts';
import { createFormats, type Formats } from '../devices/formats/index.ts';
import { createMapped } from '../devices/formats/mapped.ts';
import { loadFormatCases, messageOf } from '../test/support/format-case.ts';
import { createPipelineHouse } from '../test/support/pipeline-house.ts';
import { accessPoint, ambulance, buildSmallCity, gauge } from '../test/support/small-city.ts';

const OWN_TOPIC = 'siaga/semarang/river-gauge/bendung/telemetry';
const DEVICE = 'bendung';
const GATEWAY = 'gateway:bench';
const CITY = buildSmallCity([
  gauge(DEVICE, { sensorHeightM: 5, sensorRangeM: [0, 5] }),
  accessPoint('ap'),
  ambulance('motor'),
]);
const OWN_ROUNDS = 15;
const ROUNDS = 3;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { messages: { type: 'string', default: '20000' } } });
  const messages = Number(values.messages);
  await using mapped = createMapped();
  const rows: Record<string, string | number>[] = await timeOwnTelemetry(messages);
  for (const [name, format] of createFormats(mapped)) {
    const valid = loadFormatCases(name).find((each) => each.name === 'valid');
    if (!valid) continue;
    const message = messageOf(valid);
    const count = name === 'mapped' ? Math.ceil(messages / 10) : messages;
    rows.push({
      format: name,
      bytes: message.payload.length,
      'decode µs': await fastestOf(() => timeDecode(format, message, count)),
      'pipeline µs': await fastestOf(() => timePipeline(format, message, count)),
    });
  }
  console.table(rows);
}

async function timeDecode(format: Format, message: FormatMessage, count: number): Promise<number> {
  return time(count, () => format.decode(message));
}

async function fastestOf(round: () => Promise<number>): Promise<number> {
  let fastest = Infinity;
  for (let n = 0; n < ROUNDS; n++) fastest = Math.min(fastest, await round());
  return fastest;
}

/** As a device of its kind; what came before is forgotten, so that nothing is a repeat. */
async function timePipeline(format: Format, message: FormatMessage, count: number): Promise<number> {
  const { topic, payload, options } = message;
  const decoded = await format.decode(message);
  const claims = isClaims(decoded) ? decoded : [];
  const id = deviceOf(Object.keys(claims[0]?.items[0] ?? {}));
  const house = createPipelineHouse({
    formats: [format],
    stores: false,
    city: CITY,
    gateways: [{ id: GATEWAY, format: format.name, ...(options ? { options } : {}) }],
    devices: { [id]: { format: format.name, aliases: [...claims.flatMap(({ aliases }) => aliases), topic] } },
  });
  const waiter = {
    // A message that is refused has another way, and its figure would be another one.
    stored: (fresh: number) => (fresh > 0 ? undefined : fail(new Error(`${format.name}: nothing stored`))),
    refused: (error: Error) => fail(error),
  };
  return time(count, (n) => {
    const receivedAt = house.clock.ms + n * 1_000;
    const incoming = { topic, payload, receivedAt, clientId: 'x', identity: GATEWAY };
    if (format.name !== 'mapped') return house.pipeline.acceptFor(waiter, incoming);
    return house.pipeline.accept(incoming).then(({ stored }) => waiter.stored(stored));
  });
}

/** Who says these things. */
function deviceOf(quantities: readonly string[]): string {
  if (quantities.includes('lat')) return 'motor';
  return quantities.includes('clients') ? 'ap' : DEVICE;
}

/** In turns, so that a busy moment of the machine falls on both. */
async function timeOwnTelemetry(count: number): Promise<Record<string, string | number>[]> {
  const ways = [
    { format: 'siaga, own topic', formats: createFormats(), fastest: Infinity },
    { format: 'siaga, own topic, no formats', formats: new Map<string, Format>(), fastest: Infinity },
  ];
  for (let round = 0; round < OWN_ROUNDS; round++) {
    for (const way of ways) way.fastest = Math.min(way.fastest, await ownTelemetry(count, way.formats));
  }
  return ways.map(({ format, fastest }) => ({
    ...{ format, bytes: ownPayload(Date.now(), 10_000).length, 'decode µs': '', 'pipeline µs': fastest },
  }));
}

function ownPayload(measuredAt: number, seq: number): Buffer {
  return Buffer.from(`{"measuredAt":${measuredAt},"seq":${seq},"levelM":1.42,"batteryV":12.6}`);
}

async function ownTelemetry(count: number, onlyFormats: Formats): Promise<number> {
  const house = createPipelineHouse({ stores: false, onlyFormats });
  const waiter = { stored: () => undefined, refused: (error: Error) => fail(error) };
  return time(count, (n) => {
    const receivedAt = house.clock.ms + n * 1_000;
    const payload = ownPayload(receivedAt - 500, n);
    house.pipeline.acceptFor(waiter, {
      topic: OWN_TOPIC,
      payload,
      receivedAt,
      clientId: 'x',
      identity: DEVICE,
    });
    return n;
  });
}

function fail(error: Error): never {
  throw error;
}

/**
 * µs of one call, after as many to warm up: time of the processor, threads included, so that a busy machine counts
 * little.
 */
async function time(count: number, work: (n: number) => unknown): Promise<number> {
  for (let n = 0; n < count; n++) {
    const pending = work(n);
    if (pending instanceof Promise) await pending;
  }
  const before = process.cpuUsage();
  for (let n = count; n < 2 * count; n++) {
    const pending = work(n);
    if (pending instanceof Promise) await pending;
  }
  const { user, system } = process.cpuUsage(before);
  return Number(((user + system) / count).toFixed(2));
}
