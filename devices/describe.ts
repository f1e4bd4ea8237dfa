/**
 * docs/devices.md, written from the kinds: the datasheet that a firmware author works from.
 *
 * `npm run docs` writes the file, a test compares it. Invariant: nothing in it is typed twice; it says what
 * the code does because it is read off the code.
 */
import { writeFileSync } from 'node:fs';
import { settingsOf } from './device-config.ts';
import type { DeviceKind } from './device-kind.ts';
import { deviceKinds } from './kinds/index.ts';
import type { Quantity } from './quantity.ts';
import { DOWN_CHANNELS, formatDeviceTopic, ID_PATTERN, PRESENCES, UP_CHANNELS } from './topics.ts';

/** The whole document, Markdown. */
export function describeDevices(): string {
  const topic = formatDeviceTopic({
    city: '<city>',
    kind: '<kind>',
    device: '<device>',
    channel: 'telemetry',
  });
  const pattern = topic.replace('telemetry', '<channel>');
  return `<!-- Written by "npm run docs" from devices/kinds; do not edit. -->
# What devices publish

Topic: \`${pattern}\`. City, kind and device match \`${ID_PATTERN.source}\`.
A device publishes on ${list(UP_CHANNELS)} and subscribes to ${list(DOWN_CHANNELS)}.

- **telemetry**, QoS 1: one JSON object, or an array of them (an offline buffer, oldest first) as long as the
  packet allows; or objects one after the other, a line each. A PUBACK means that every reading in it is on disk. Of a
  buffer that was cut off, or has a broken item, the complete items are kept and the rest is refused by its place.
- **status**, QoS 1, retained, and also the will: \`{"status": "online"}\`, one of ${list(PRESENCES)}. A bare
  \`online\` and \`{"state": "Online"}\` are understood too.
- **ack**, QoS 1: an ambulance's answer to a command: \`{"assignment": "…", "ack": "accepted"}\` or \`"refused"\`.
  With the command's \`word\` in it, it answers that very command, also one without an assignment; \`"received"\` is
  enough for a change, and for what asks nothing.
- **command**, QoS 1, down: \`dispatch\` (an order; the same assignment with another content is a change of it), \`cancel\`,
  \`second-unit\`, \`message\`, each with its \`word\`. A command comes again until it is answered: the same \`word\` is the same
  command. Ignore a \`command\` that you do not know.
- **config**, down, retained until it is answered: \`{"config": "7", "reportIntervalS": 300}\`. Answer \`{"config": "7"}\` on
  \`ack\`, or with \`config\` beside the word in \`status\`, once you go by it. A setting that is not said stays as it is.

Every telemetry object may carry, besides the quantities of its kind:

| key | type | meaning |
|---|---|---|
| \`measuredAt\` | RFC 3339 with an offset (\`+07:00\`, \`+0700\`, \`+07\`, \`UTC\`), or epoch seconds or milliseconds, told apart by their size; a time without an offset (\`2026-11-28 13:00:00\`, \`20261128130000\`, \`28/11/2026 13:00\`) is on the clock of the city, and where it could be two moments (\`05/11/2026\`, a year of two digits) refused with the reason | when it was measured, by the device's clock; without it the time of receipt. Where it is impossible (more than 60 s ahead, or three years back) the reading counts from its receipt, is flagged \`clockRefused\`, and keeps what the device gave as \`deviceClockMs\`. A clock that is off by the same for five readings, more than 5 s ahead or 10 min behind, is known: its readings are dated by ours, flagged \`clockOff\`, and keep \`deviceClockMs\`. |
| \`seq\` | whole number | the device's own count, one more each reading: gaps and repeats are seen by it |
| \`simulated\` | boolean | a drill or a simulator: alerts that follow are marked as an exercise; a device may also be registered so (docs/devices/README.md); beside real readings it moves no alert (docs/alerts.md) |

Send both \`measuredAt\` and \`seq\`: a publish that is repeated after a lost PUBACK is then known for certain.
Two readings of one whole second that say different things and come within 2 s are put a millisecond apart, flagged \`timeEstimated\`.
Without \`measuredAt\`, the same \`seq\` and values within 10 minutes are taken for a repeat.
In an array, readings without \`measuredAt\` are put in the order of their \`seq\` (without one, as they stand) and
spaced by the report interval; they are flagged \`timeEstimated\`.

Numbers are JSON numbers, in the unit that the name ends with; in quotes (\`"3.10"\`) they are read as well. Words are read
in any spelling: \`Off Duty\`, \`ON_SCENE\`. A message is kept for its sound part:

- \`null\`, a bare \`nan\`, \`Infinity\`, \`ovf\` or \`None\`, nothing behind a colon, and \`"N/A"\`, \`"nan"\`, \`"-"\` or
  \`""\` in place of a number are the same as no value. \`+3.1\`, \`.5\` and \`03.1\` are numbers; a comma before a closing
  bracket is left out; single quotes, names without quotes, \`True\` and a tab within a text are read as they are meant.
- NUL bytes behind or before the JSON are cut off; a byte order mark, UTF-16 and texts in Latin-1 are read.
- A \`seq\` or \`simulated\` of the wrong type is left out, flagged \`badEnvelope\` and counted.
- More rain since the last report than can fall (the world's records: 116 mm in five minutes) is kept, flagged \`rainDoubted\`
  and not counted by the alarms; the level beside it is as good as ever.
- Keys that the kind does not know are left out and flagged \`unknownFields\`; of a key that stands twice in one object the
  last one counts. The inbox names all of these, with the key that was probably meant.
- A quantity outside its range is left out, and the refusal is kept for \`GET /v1/rejections\`, where all that was
  left out is named; when what remains means nothing, the whole reading is kept there.
${[...deviceKinds.values()].map(describeKind).join('')}`;
}

function describeKind(kind: DeviceKind): string {
  const telemetry = formatDeviceTopic({
    city: 'semarang',
    kind: kind.name,
    device: '<device>',
    channel: 'telemetry',
  });
  const rows = Object.entries(kind.sentQuantities).map(([name, quantity]) =>
    describeQuantity(name, quantity),
  );
  const groups = [
    ...(kind.oneOf ?? []).map((group) => `At least one of ${list(group)} is required.\n`),
    ...(kind.together ?? []).map((group) => `${list(group)} go together.\n`),
  ].join('');
  return `
## ${kind.label.en} (${kind.label.id}): \`${kind.name}\`

${kind.description}
Reports every ${kind.reportIntervalS} s; silent after ${kind.silentAfterS} s without a word, or four of its own intervals where that is longer. InfluxDB measurement: \`${kind.measurement}\`.

| quantity | unit | range | required | meaning |
|---|---|---|---|---|
${rows.join('\n')}

${groups}${describeSettings(kind)}
\`${telemetry}\`

\`\`\`json
${JSON.stringify(kind.example)}
\`\`\`
`;
}

/** What a config may say to it. */
function describeSettings(kind: DeviceKind): string {
  const said = Object.entries(settingsOf(kind)).map(
    ([name, { min, max, unit, description }]) => `\`${name}\` (${min} to ${max} ${unit}: ${description})`,
  );
  return `Settings of its config: ${said.join(', ')}\n`;
}

function describeQuantity(name: string, quantity: Quantity): string {
  const required = quantity.required ? 'yes' : '';
  switch (quantity.type) {
    case 'gauge':
      return `| \`${name}\` | ${quantity.unit} | ${quantity.min} to ${quantity.max} | ${required} | ${quantity.description} |`;
    case 'counter':
      return `| \`${name}\` | ${quantity.unit} | counter, from 0 | ${required} | ${quantity.description} |`;
    case 'state':
      return `| \`${name}\` | | ${list(quantity.states)} | ${required} | ${quantity.description} |`;
  }
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}

if (import.meta.main) {
  const file = `${import.meta.dirname}/../docs/devices.md`;
  writeFileSync(file, describeDevices());
  console.log('wrote docs/devices.md');
}
