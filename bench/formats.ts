/**
 * `npm run bench -- formats [--messages 20000]`: what a message of each format costs, µs of one core.
 *
 * The recorded message of each format (`test/formats/<format>/valid`), decoded alone, and the whole way through the
 * pipeline up to a journal that stores nothing: topic, format, owner, validate, quality. Our own telemetry on its own
 * topic stands first, as a device sends it.
 */
import { parseArgs } from 'node:util';
import type { Format, FormatMessage } from '../devices/formats/format.ts';
import { createFormats } from '../devices/formats/index.ts';
import { createMapped } from '../devices/formats/mapped.ts';
import { loadFormatCases, messageOf } from '../test/support/format-case.ts';
import { createPipelineHouse } from '../test/support/pipeline-house.ts';

const OWN_TOPIC = 'siaga/semarang/river-gauge/bendung/telemetry';
const DEVICE = 'bendung';
const GATEWAY = 'gateway:bench';

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { messages: { type: 'string', default: '20000' } } });
  const messages = Number(values.messages);
  await using mapped = createMapped();
  const rows: Record<string, string | number>[] = [
    { format: 'siaga, own topic', bytes: 62, 'decode µs': '', 'pipeline µs': await ownTelemetry(messages) },
  ];
  for (const [name, format] of createFormats(mapped)) {
    const valid = loadFormatCases(name).find((each) => each.name === 'valid');
    if (!valid) continue;
    const message = messageOf(valid);
    const count = name === 'mapped' ? Math.ceil(messages / 10) : messages;
    rows.push({
      format: name,
      bytes: message.payload.length,
      'decode µs': await timeDecode(format, message, count),
      'pipeline µs': await timePipeline(format, message, count),
    });
  }
  console.table(rows);
}

async function timeDecode(format: Format, message: FormatMessage, count: number): Promise<number> {
  return time(count, () => format.decode(message));
}

/** As a device of its own; what came before is forgotten, so that nothing is a repeat. */
async function timePipeline(format: Format, message: FormatMessage, count: number): Promise<number> {
  const { topic, payload, options } = message;
  const decoded = await format.decode(message);
  const aliases = 'reason' in decoded ? [] : decoded.flatMap((claim) => claim.aliases);
  const house = createPipelineHouse({
    formats: [format],
    stores: false,
    gateways: [{ id: GATEWAY, format: format.name, ...(options ? { options } : {}) }],
    devices: { [DEVICE]: { format: format.name, aliases: [...aliases, topic] } },
  });
  const waiter = { stored: () => undefined, refused: (error: Error) => fail(error) };
  return time(count, (n) => {
    const incoming = {
      topic,
      payload,
      receivedAt: house.clock.ms + n * 1_000,
      clientId: 'x',
      identity: GATEWAY,
    };
    if (format.name === 'mapped') return house.pipeline.accept(incoming);
    return house.pipeline.acceptFor(waiter, incoming);
  });
}

async function ownTelemetry(count: number): Promise<number> {
  const house = createPipelineHouse({ stores: false });
  const waiter = { stored: () => undefined, refused: (error: Error) => fail(error) };
  return time(count, (n) => {
    const receivedAt = house.clock.ms + n * 1_000;
    const text = `{"measuredAt":${receivedAt - 500},"seq":${n},"levelM":1.42,"batteryV":12.6}`;
    const payload = Buffer.from(text);
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

/** µs of one call, after as many to warm up. */
async function time(count: number, work: (n: number) => unknown): Promise<number> {
  for (let n = 0; n < count; n++) {
    const pending = work(n);
    if (pending instanceof Promise) await pending;
  }
  const startedAt = performance.now();
  for (let n = count; n < 2 * count; n++) {
    const pending = work(n);
    if (pending instanceof Promise) await pending;
  }
  return Number((((performance.now() - startedAt) / count) * 1_000).toFixed(2));
}
