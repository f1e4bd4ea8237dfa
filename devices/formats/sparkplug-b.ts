/**
 * Sparkplug B: edge nodes and their devices, with birth certificates, data and deaths.
 *
 * Traps: data names its metrics by numbers that only the birth tells; a death belongs to the birth with the same
 * `bdSeq`, and one that comes late from an earlier connection must not take the node off line; a lost node takes its
 * devices with it; what a node stored comes as the same metric many times. Invariant: what is remembered of births is
 * bounded; data whose birth is not known is kept as a rejection, and understood when it is replayed after the next
 * birth.
 */
import type { JsonObject } from '../parse-json.ts';
import { clueOf } from '../payload-clue.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
  joinFaults,
  ofNobody,
  takeMost,
} from './format.ts';
import { ProtobufError } from './protobuf-reader.ts';
import { readSensorObject } from './sensor-object.ts';
import { readSparkplugPayload, type SparkplugMetric, type SparkplugPayload } from './sparkplug-payload.ts';
import { createFollowSequence } from './sparkplug-sequence.ts';

/** Nodes and devices whose birth is remembered; the oldest is forgotten. */
const MAX_BIRTHS = 20_000;
const MAX_ALIASES = 1_000;
/** Whether a host application is there [Sparkplug 3.0, 5.13]; before version 3.0 the topic had no root. */
const HOST_STATE = /^(?:spBv1\.0\/)?STATE\/([^/]+)$/;
const BIRTH_SEQUENCE = 'bdSeq';

interface Birth {
  readonly metrics: ReadonlyMap<number, SparkplugMetric>;
  /** Of a node. */
  readonly sequence?: unknown;
  readonly devices: Set<string>;
}

interface SparkplugTopic {
  readonly type: string;
  readonly node: string;
  readonly device: string | undefined;
  /** What the births are remembered by: who sent them as well, so that nobody renames what another one measures. */
  readonly key: string;
  readonly nodeKey: string;
}

export function createSparkplugB(): Format {
  const births = new Map<string, Birth>();
  const followSequence = createFollowSequence();

  function remember(key: string, birth: Birth): void {
    births.delete(key);
    births.set(key, birth);
    if (births.size > MAX_BIRTHS) births.delete(births.keys().next().value as string);
  }

  /** Says what of the birth is not remembered. */
  function born(topic: SparkplugTopic, payload: SparkplugPayload): Rejection | undefined {
    const named = payload.metrics.filter(({ alias, name }) => alias !== undefined && name !== undefined);
    const { taken, leftOut } = takeMost(named, MAX_ALIASES, 'metrics of a birth');
    const metrics = new Map(taken.map((metric) => [metric.alias as number, metric]));
    const sequence = payload.metrics.find(({ name }) => name === BIRTH_SEQUENCE)?.value;
    remember(topic.key, { metrics, sequence, devices: new Set() });
    if (topic.device !== undefined) births.get(topic.nodeKey)?.devices.add(topic.device);
    return leftOut;
  }

  function died(topic: SparkplugTopic, payload: SparkplugPayload): readonly Claim[] {
    const birth = births.get(topic.key);
    const sequence = payload.metrics.find(({ name }) => name === BIRTH_SEQUENCE)?.value;
    const isOfBefore = sequence !== undefined && birth?.sequence !== undefined && sequence !== birth.sequence;
    if (isOfBefore)
      return [{ aliases: namesOf(topic), items: [], note: 'the death of an earlier connection' }];
    const lost = [...(birth?.devices ?? [])].map((device) => ({ ...topic, device }));
    return [topic, ...lost].map(
      (each): Claim => ({ aliases: namesOf(each), items: [], presence: 'offline' }),
    );
  }

  return {
    name: 'sparkplug-b',
    description: 'Sparkplug B: births, data and deaths of edge nodes and devices, in protobuf.',
    topics: ['spBv1.0/#', 'STATE/+'],
    identity:
      'by the device in the topic, `spBv1.0/<group>/<type>/<node>/<device>`, or by the node where it has none',
    hasStatus: true,
    namesIn: (topic) => {
      const parsed = parseTopic(topic);
      return isRejection(parsed) ? [] : namesOf(parsed);
    },
    decode({ topic, payload, sender }: FormatMessage): Decoded {
      const host = HOST_STATE.exec(topic)?.[1];
      if (host !== undefined) return ofNobody(`the state of the host application ${host}`);
      const parsed = parseTopic(topic, sender);
      if (isRejection(parsed)) return parsed;
      const type = parsed.type.slice(1);
      // From the host to the node, whose own word it is not.
      if (type === 'CMD') return ofNobody(`a ${parsed.type} to ${namesOf(parsed)[0]}`);
      const read = readPayload(payload);
      if (isRejection(read)) return read;
      if (type === 'DEATH') return died(parsed, read);
      const leftOut = type === 'BIRTH' ? born(parsed, read) : undefined;
      if (type !== 'BIRTH' && type !== 'DATA')
        return reject('bad-topic', `no message type ${parsed.type.slice(0, 20)}`);
      const gap = followSequence(parsed.nodeKey, parsed.type === 'NBIRTH', read.sequence);
      const said = claimOf(parsed, read, births.get(parsed.key)?.metrics);
      const claim = gap === undefined ? said : { ...said, note: [gap, said.note].filter(Boolean).join('; ') };
      return besideRefused([claim], leftOut ? [leftOut] : [], claim.aliases);
    },
  };
}

function parseTopic(topic: string, sender = ''): SparkplugTopic | Rejection {
  const [root, group, type, node, device, more] = topic.split('/');
  if (root !== 'spBv1.0' || !group || !type || !node || more !== undefined) {
    return reject('bad-topic', 'expected spBv1.0/<group>/<type>/<node>, or with a device behind it');
  }
  const nodeKey = `${sender}\n${group}/${node}`;
  return { type, node, device, nodeKey, key: device === undefined ? nodeKey : `${nodeKey}/${device}` };
}

function namesOf({ node, device }: SparkplugTopic): string[] {
  return device === undefined ? aliasesOf(node) : aliasesOf(`${node}/${device}`, device);
}

function readPayload(payload: Buffer): SparkplugPayload | Rejection {
  try {
    return readSparkplugPayload(payload);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    const clue = clueOf(payload);
    const hint = clue === '' || clue.startsWith('it is no text') ? '' : `; ${clue}`;
    return reject('bad-format', `no Sparkplug payload: ${error.message}${hint}`);
  }
}

function claimOf(
  topic: SparkplugTopic,
  { metrics, timestamp }: SparkplugPayload,
  known: ReadonlyMap<number, SparkplugMetric> | undefined,
): Claim {
  const aliases = namesOf(topic);
  const named: NamedValue[] = [];
  const unnamed: number[] = [];
  for (const metric of metrics) {
    const birth = metric.alias === undefined ? undefined : known?.get(metric.alias);
    const name = metric.name ?? birth?.name;
    if (name === undefined) unnamed.push(metric.alias ?? 0);
    else if (metric.value !== undefined && name !== '__proto__') {
      const key = name.split('/').at(-1) as string;
      const unit = metric.unit ?? birth?.unit;
      const { value } = metric;
      const inUnit = unit !== undefined && typeof value === 'number' ? { value, unit } : value;
      named.push({ key, value: inUnit, at: metric.timestamp });
    }
  }
  const read = momentsOf(named, timestamp).map(({ at, object }) => ({ at, ...readSensorObject(object) }));
  const problem = problemOf(unnamed, [...new Set(read.flatMap(({ faults }) => faults))]);
  const items = read
    .filter(({ item }) => Object.keys(item).length > 0)
    .map(({ item, at }) => (at === undefined ? item : { ...item, measuredAt: at }));
  const others = items.length > 0 || problem ? [] : metrics.filter(({ isOther }) => isOther);
  const note =
    others.length > 0 ? { note: `${nameMetrics(others)}: a data set, a file or bytes, not read` } : {};
  return { aliases, items, presence: 'online', ...note, ...(problem ? { rejection: problem } : {}) };
}

function nameMetrics(metrics: readonly SparkplugMetric[]): string {
  return metrics
    .slice(0, 5)
    .map(({ name, alias }) => (name ?? `metric ${alias}`).slice(0, 40))
    .join(', ');
}

interface NamedValue {
  readonly key: string;
  readonly value: unknown;
  /** Of the metric, epoch ms. */
  readonly at: number | undefined;
}

/** One object, at the last time in it; or one for each time, where a node sends what it stored while it had no link. */
function momentsOf(
  named: readonly NamedValue[],
  sentAt: number | undefined,
): readonly { object: JsonObject; at: number | undefined }[] {
  const firstAt = new Map<string, number | undefined>();
  let isStored = false;
  for (const { key, at } of named) {
    if (!firstAt.has(key)) firstAt.set(key, at);
    else if (firstAt.get(key) !== at) isStored = true;
  }
  const groups = isStored ? [...Map.groupBy(named, ({ at }) => at ?? sentAt).values()] : [named];
  return groups.map((group) => ({
    object: Object.fromEntries(group.map(({ key, value }) => [key, value])),
    at: group.findLast(({ at }) => at !== undefined)?.at ?? sentAt,
  }));
}

function problemOf(unnamed: readonly number[], faults: readonly string[]): Rejection | undefined {
  if (unnamed.length > 0) {
    const shown = unnamed.slice(0, 20).join(', ');
    return reject('bad-format', `the metrics ${shown} have no name before the next birth; ask for a rebirth`);
  }
  return faults.length > 0 ? reject('missing-quantity', joinFaults(faults)) : undefined;
}
