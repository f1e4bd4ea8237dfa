/**
 * Mapped: an operator's own mapping, in JSONata, from any JSON to our quantities: "my gauge speaks something else".
 *
 * The expression gives an object, or an array of them, with quantities by our names (a number in our unit, or
 * `"142 cm"`, or `{"value": 142, "unit": "cm"}`), and where a gateway sends, `device`. It runs in a thread with
 * bounds of time and memory. Invariants: messages are mapped in the order in which they came; an expression that
 * takes too long costs its message, and its thread, and nothing else; too many that wait are refused and kept.
 */
import { isJsonObject, JsonFailure, type JsonObject } from '../parse-json.ts';
import { hintBareValue, parseJsonItems, rejectionsOf } from '../parse-json-items.ts';
import { parsePresence } from '../parse-presence.ts';
import { textOf } from '../payload-text.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import type { Presence } from '../topics.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
  joinFaults,
} from './format.ts';
import { listReadings, openEnvelopes, readForm } from './plain-json.ts';
import { failureOf, MappingRunner, type RunMapping } from './run-mapping.ts';
import { isSensorKey } from './sensor-keys.ts';
import { readSensorObject } from './sensor-object.ts';
import { claimOfAside, isStatusTopic } from './status-topic.ts';

/** How faults are told: of what a mapping gave, or of the message itself. */
interface Words {
  readonly noObject: string;
  noQuantity(keys: string): string;
  noValue(keys: string): string;
}

const BY_MAPPING: Words = {
  noObject: 'the mapping must give an object, or an array of them',
  noQuantity: (keys) => `the mapping gave no quantity that we know; its keys are ${keys}`,
  noValue: (keys) => `the mapping found no value for ${keys}: has the message another key?`,
};
const PLAIN: Words = {
  noObject: 'expected a JSON object, or an array of them',
  noQuantity: (keys) =>
    `no quantity that we know; its keys are ${keys}: say what they mean in a mapping, npm run devices -- set <id> --mapping FILE with {"levelM": {"value": <key>, "unit": "cm"}}`,
  noValue: (keys) => `there is no value in ${keys}`,
};
/** Faults and keys that one sentence names. */
const MAX_NAMED = 20;

export interface MappedFormat extends Format, AsyncDisposable {
  /** For formats that read bytes by a mapping where nobody has decoded them. */
  readonly run: RunMapping;
}

export function createMapped(): MappedFormat {
  const runner = new MappingRunner();
  const run: RunMapping = (message) => runner.run(message);
  return {
    run,
    name: 'mapped',
    description:
      'Any JSON: by keys that say what they are, or by a mapping of your own in JSONata (`--mapping file.jsonata`).',
    topics: [],
    identity: 'by the key `device` that the mapping gives, or by a level of the topic',
    hasStatus: true,
    isStatusTopic,
    namesIn: () => [],
    async decode({ topic, payload, receivedAt, sender, options }: FormatMessage): Promise<Decoded> {
      const expression = options?.['mapping'];
      const aside = claimOfAside({ topic, payload, receivedAt });
      if (aside) return [aside];
      if (expression === undefined) return decodePlain(payload);
      const answer = await run({ expression, topic, payload, sender });
      if ('json' in answer) return toClaims(JSON.parse(answer.json), answer.refused);
      return answer.isNotJson ? reject('not-json', answer.problem) : failureOf(answer);
    },
    [Symbol.asyncDispose]: () => runner.close(),
  };
}

/** Without a mapping: what its keys say by themselves. */
function decodePlain(payload: Buffer): Decoded {
  const json = parseJsonItems(payload);
  if (json instanceof JsonFailure) {
    const form = readForm(textOf(payload));
    return form ? toClaims(openEnvelopes(form), [], PLAIN) : json.rejection;
  }
  if (json.items.length === 0) return reject('empty-batch', 'a list must hold at least one object');
  const listed = listReadings(json.items);
  if (isRejection(listed)) return listed;
  const opened = listed.flatMap((item): readonly unknown[] =>
    isJsonObject(item) ? openEnvelopes(item) : [item],
  );
  return toClaims(
    opened,
    rejectionsOf(json).map(({ detail }) => detail),
    PLAIN,
  );
}

function toClaims(result: unknown, broken: readonly string[], words = BY_MAPPING): Decoded {
  const objects = Array.isArray(result) ? result : [result];
  if (objects.length === 0) return reject('empty-batch', 'the mapping gave no object');
  const refused = objects
    .filter((object) => !isJsonObject(object))
    .map((each) => reject('bad-format', `${words.noObject}${hintBareValue(each)}`));
  const byDevice = Map.groupBy(objects.filter(isJsonObject), ({ device }) => device);
  const claims = [...byDevice].map(([device, all]) => toClaim(device, all, words));
  const unread = broken.map((detail) => reject('not-json', detail));
  return besideRefused(claims, [...unread, ...refused], []);
}

function toClaim(device: unknown, objects: readonly JsonObject[], words: Words): Claim {
  const faults: string[] = [];
  let unread: JsonObject = {};
  const items = objects
    .map((object) => {
      const read = readSensorObject(object);
      faults.push(...read.faults);
      unread = read.unread;
      return read.item;
    })
    .filter((item) => Object.keys(item).length > 0);
  const said = objects.map(({ presence }) => presence).findLast((each) => typeof each === 'string');
  const presence = said === undefined ? undefined : parsePresence(Buffer.from(said as string));
  const rejection = rejectionOf(objects, faults, presence, items.length === 0, words);
  return {
    aliases: aliasesOf(device),
    items,
    unread,
    ...(presence === undefined || isRejection(presence) ? {} : { presence }),
    ...(rejection ? { rejection } : {}),
  };
}

/** What the mapping gave and is nothing: a mapping with a wrong key would else be taken without a word. */
function rejectionOf(
  objects: readonly JsonObject[],
  faults: readonly string[],
  presence: Presence | Rejection | undefined,
  isEmpty: boolean,
  words: Words,
): Rejection | undefined {
  if (faults.length > 0) return reject('missing-quantity', joinFaults(faults));
  if (isRejection(presence)) return presence;
  if (!isEmpty || presence !== undefined) return undefined;
  const keys = [...new Set(objects.flatMap((object) => Object.keys(object)))]
    .filter((key) => key !== 'device')
    .slice(0, MAX_NAMED)
    .map((key) => key.slice(0, 40));
  const empty = keys.filter(isSensorKey);
  const detail =
    empty.length > 0 ? words.noValue(empty.join(', ')) : words.noQuantity(keys.join(', ') || 'none');
  return reject('missing-quantity', detail);
}
