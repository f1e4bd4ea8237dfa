/**
 * Siaga's own format: topics `siaga/<city>/<kind>/<device>/<channel>`, quantities by our names.
 *
 * What comes over MQTT on these topics goes straight to the pipeline; this is the same for those who ask for it
 * beside the others: HTTP, a gateway, a trial. An object or array of telemetry, or a status.
 * Invariant: it changes nothing of what it is given.
 */
import { isJsonObject, JsonFailure } from '../parse-json.ts';
import { parseJsonItems, rejectionsOf } from '../parse-json-items.ts';
import { parsePresence } from '../parse-presence.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import { parseDeviceTopic, TOPIC_ROOT } from '../topics.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
} from './format.ts';

export const siaga: Format = {
  name: 'siaga',
  description: "Siaga's own: quantities in SI units by our names.",
  topics: [`${TOPIC_ROOT}/#`],
  identity: 'by the topic; in a message through a gateway by the key `device`',
  hasStatus: true,
  namesIn,
  decode,
};

function namesIn(topic: string): readonly string[] {
  const parsed = parseDeviceTopic(topic);
  return typeof parsed === 'string' ? [] : aliasesOf(parsed.device);
}

function decode({ topic, payload }: FormatMessage): Decoded {
  const parsed = parseDeviceTopic(topic);
  if (typeof parsed !== 'string' && parsed.channel === 'status') {
    const presence = parsePresence(payload);
    return isRejection(presence) ? presence : [{ aliases: namesIn(topic), items: [], presence }];
  }
  const json = parseJsonItems(payload);
  if (json instanceof JsonFailure) return json.rejection;
  const { items } = json;
  if (items.length === 0) return reject('empty-batch', 'an array must hold at least one reading');
  const refused: Rejection[] = items
    .filter((item) => !isJsonObject(item))
    .map(() => reject('not-an-object', 'expected a JSON object, or an array of them'));
  const names = namesIn(topic);
  const byDevice = Map.groupBy(items.filter(isJsonObject), ({ device }) =>
    names.length > 0 ? undefined : device,
  );
  const claims = [...byDevice].map(
    ([device, all]): Claim => ({
      aliases: names.length > 0 ? names : aliasesOf(device),
      items: all.map(({ device: _device, ...item }) => item),
    }),
  );
  return besideRefused(claims, [...refused, ...rejectionsOf(json)], names);
}
