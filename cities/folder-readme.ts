/**
 * README.md of a city's folder: each file and field explained, since JSON holds no comments.
 *
 * Written beside a new city, and beside an exported one that has none. Invariant: it names every list that a
 * city can have; a test compares it with the schema.
 */
export function describeFolder(name: string): string {
  return `# ${name}

A city of Siaga as data. Change these files with any editor, then:

    npm run city -- check <id or this folder>
    SIAGA_CITY=<id> npm start

\`check\` names every problem with its file, its entry and what to do. Siaga reads the folder at its start. Ids are
lower case letters, digits and hyphens, up to 64; an id stays for ever, since topics and history hold it. Positions
are degrees (WGS 84), levels metres above the gauge's own datum. A list that you do not need may be absent.

## city.json
| field | |
|---|---|
| \`id\` | the city in every topic; the same as this folder's name |
| \`name\` | as people say it |
| \`timeZone\` | IANA name: \`Asia/Jakarta\` (WIB), \`Asia/Makassar\` (WITA), \`Asia/Jayapura\` (WIT) |
| \`disclaimer\` | how far positions and levels can be trusted, Indonesian (\`id\`) and English (\`en\`) |
| \`bounds\` | \`south\`, \`west\`, \`north\`, \`east\`; whatever lies outside is refused |
| \`rivers\` | \`id\`, \`name\`; \`tidal: true\` for the sea and for rivers that follow the tide |
| \`alertRules\` | optional, parameters that differ here: \`rule\`, for all or a \`group\` or \`device\`, \`enabled\`, \`parameters\` |

## devices.river-gauge.json
| field | |
|---|---|
| \`kind\` | \`river-gauge\` |
| \`id\`, \`name\`, \`lat\`, \`lng\` | which gauge, and where |
| \`river\` | id of a river of city.json |
| \`tidal\` | optional: \`true\` where the level follows the tide |
| \`sensorRangeM\` | lowest and highest level that the sensor can see; outside is a fault and no flood |
| \`sensorHeightM\` | only where the sensor hangs and measures down to the water: its height above the datum |
| \`normalLevelM\` | the level of an ordinary dry day |
| \`thresholds\` | ascending: \`severity\` (\`minor\`, \`moderate\`, \`severe\`, \`extreme\`), \`label\` in the agency's own words, \`levelM\`; \`comparator\` \`>\` where the exact level does not count |
| \`hysteresisM\` | optional (0.1): a level is left this much below its threshold |
| \`upstream\` | optional: \`gauge\` above it and \`lagMin\`, the minutes a wave takes from there |

## devices.ambulance.json
\`kind\` \`ambulance\`, \`id\`, \`name\`, \`callSign\`, \`vehicle\` (\`motorcycle\` or \`transport\`; only the latter carries a
patient), \`base\` (id in bases.json), \`lat\`, \`lng\` of that base.

## devices.wifi-access-point.json
\`kind\` \`wifi-access-point\`, \`id\`, \`name\`, \`place\` (people's name of the square or park), \`lat\`, \`lng\`, \`uplink\` (id in
uplinks.json), \`capacityClients\`.

## The other lists
| file | an entry |
|---|---|
| \`bases.json\` | where ambulances stand: \`id\`, \`name\`, \`lat\`, \`lng\` |
| \`hospitals.json\` | the same and \`class\` (\`A\` to \`D\`), \`beds\` in all: \`emergency\`, \`intensive\`, \`ward\`; optional \`kecamatan\`, by name |
| \`kecamatan.json\` | the centre of a district, to say where an incident is: \`id\`, \`name\`, \`lat\`, \`lng\` |
| \`channels.json\` | where people are told of alerts: \`id\`, \`name\`, \`kind\` \`mail\` and \`to\`, or \`telegram\` and \`chatId\`; the mail server and the bot are set in the environment |
| \`uplinks.json\` | what access points hang on: \`id\`, \`name\` |
| \`roads.json\` | \`junctions\` (\`id\`, \`lat\`, \`lng\`) and \`roads\` (\`from\`, \`to\`, \`class\`, optional \`name\`, \`oneway\`, \`bridgeOver\`, \`lengthM\`); \`npm run roads\` imports OpenStreetMap instead |

A file may be split: \`devices.north.json\` and \`devices.south.json\` add up to one list.
`;
}
