/**
 * What `npm run sim -- --help` says. One text a command; a test runs every example's options through the
 * parser, so that the help cannot promise what the command does not take.
 */
export const HELP = {
  overview: `Siaga's simulated devices, over real MQTT.

  npm run sim -- city      a whole city: rivers in flood, access points, ambulances, hospitals
  npm run sim -- replay    a measured level series, published as a gauge
  npm run sim -- load      many connections at a steady rate
  npm run sim -- <command> --help

Devices sign in with their own credentials: --credentials FILE, JSON {"<device>": "<secret>"} or lines
<device>,<secret>. Ctrl-C ends cleanly: what is outstanding is awaited, then accounted for.`,

  city: `npm run sim -- city [options]

  --city NAME          its folder: SIAGA_CITIES_DIR, data, shipped (semarang)
  --url URL            the broker                                 (mqtt://127.0.0.1:1883)
  --credentials FILE   secrets of the devices                     (none)
  --seed N             the same seed tells the same story         (1)
  --speed N            story seconds per real second              (the first flood has passed within 5 minutes)
  --no-rivers          leave out the river and tide gauges
  --no-wifi            leave out the access points
  --no-ambulances      leave out the ambulances
  --no-hospitals       leave out the hospitals and their beds
  --faults LIST        all, none, or of spike,silent,clock,garbage,uplink,link   (all)
  --formats LIST       mixed, or of siaga,chirpstack,the-things-stack,senml,value,line-protocol,tasmota,
                       sparkplug-b,openwisp,unifi,owntracks: who speaks what must be registered so, as the demo does  (siaga)
  --silent-rate P      chance that a crew never answers an order  (0.05)
  --refuse-rate P      chance that it refuses one                 (0.05)
  --dispatch           report incidents and dispatch units through the HTTP API
  --api URL            the API for --dispatch                     (http://127.0.0.1:3000)
  --token-file FILE    its token
  --incidents-per-hour N                                          (20)
  --control PORT       a page on loopback that pauses, hurries and sends floods  (none; 0: any port)
  --duration S         end by itself after S seconds              (never)

Only the story is compressed: every reading is measured now, by the real clock.

  npm run sim -- city --no-wifi --seed 7 --duration 300`,

  replay: `npm run sim -- replay --csv FILE --time COL --value COL --device ID [options]

  --csv FILE           rows below a header; any separator, with or without lines above the header, in any order
  --time COL           2015-12-26 08:00, 26/12/2015 08.00, 12/26/2015 8:00 AM, 26 Dec 2015 08:00, epoch s or ms
  --value COL          its column of levels; several pairs of --value and --device replay several gauges
  --device ID          the gauge that each column becomes
  --unit m|cm|mm|ft    unit of the levels                         (m)
  --dates ORDER        day-first, month-first or year-first, where the file does not show it
  --decimal SIGN       point or comma, where the file does not show it
  --quality COL        leaves out the rows that are not good by it
  --good WORDS         what the quality column says of good rows: Good,Unchecked
  --tz ZONE            zone of times without an offset            (UTC)
  --from T, --to T     the part to replay, in the same zone       (all)
  --speed N            series seconds per real second             (1800: an hour in 2 s)
  --shift-to-now       measured now, as it is published           (default)
  --no-shift-to-now    measured then: late data, for the history only
  --city NAME          the city of the gauges                     (jakarta)
  --url URL, --credentials FILE   as for city

  npm run sim -- replay --csv levels.csv --time Tanggal --value "Katulampa (air)" --device katulampa --unit cm --tz Asia/Jakarta --from 2025-03-01 --to 2025-03-06`,

  load: `npm run sim -- load [options]

  --connections N      devices, each its own connection           (100)
  --rate R             readings a second of all together          (1000)
  --duration S         how long                                   (30)
  --prefix P           device ids: P-1, P-2 …; with --credentials those that begin with P   (load)
  --city NAME          city in the topics                         (semarang)
  --kind KIND          kind in the topics                         (river-gauge)
  --url URL, --credentials FILE, --seed N   as for city

Prints readings acknowledged a second and the time from PUBLISH to PUBACK.

  npm run sim -- load --connections 50 --rate 500 --duration 10`,
} as const;
