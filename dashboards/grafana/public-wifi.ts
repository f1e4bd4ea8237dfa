/**
 * Public Wi-Fi: is it there where people are, is it good, and whose fault is it when it is not?
 *
 * Traffic comes from counters, whose restarts are left out (non_negative_derivative); availability comes from
 * the liveness that Siaga samples every minute, and coverage says for how much of the time it knows.
 * Invariant: announced sleep leaves the denominator of availability.
 */
import { VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { LIVENESS_WORDS, property, steps } from './colours.ts';
import { chooseMany, chooseOne, dashboardOf, FULL_WIDTH, foldedRow, grain, marksOf, panel } from './frame.ts';
import { hoursOf, influxQl, readingsOf, readingsOrHours } from './influx-query.ts';

const CHOSEN = `$timeFilter AND "city" = '$city' AND "place" =~ /^$place$/ AND "device" =~ /^$device$/`;
const GOOD = `${CHOSEN} AND "sound" = 1`;
const LIVENESS = `$timeFilter AND "city" = '$city' AND "kind" = 'wifi-access-point' AND "device" =~ /^$device$/`;
/**
 * Liveness is sampled once a minute: how many samples of a device there are, of how many there can be. Counted over
 * the whole range, not by windows: `fill(0)` in a query within a query fills each device once for every series.
 */
const COVERAGE = 'sum("upSamples") / (($__to - $__from) / 60000)';
/** `up` and `upSamples` are 1 in a sample, and counts in an hour of samples. */
const AVAILABILITY = 'sum("up") / sum("upSamples")';
const SAMPLES = readingsOrHours('siaga_liveness');
const ACCESS_POINTS = readingsOrHours('wifi_access_point');
/** Steps of a graph that adds up over devices, which costs InfluxDB a step of each. */
const FEW_POINTS = 200;
const availabilitySteps = steps('red', [
  [0.9, 'orange'],
  [0.99, 'green'],
]);

export function buildPublicWifi(): DashboardBuilder {
  const access = '"wifi_access_point"';
  return dashboardOf(
    'siaga-public-wifi',
    'Public Wi-Fi',
    'Clients and traffic by place, availability with its coverage, the worst ten, uplinks.',
  )
    .withVariable(chooseOne('city', 'City', `SHOW TAG VALUES FROM ${access} WITH KEY = "city"`))
    .withVariable(grain())
    .withVariable(
      chooseMany(
        'place',
        'Place',
        `SHOW TAG VALUES FROM ${access} WITH KEY = "place" WHERE "city" = '$city'`,
      ),
    )
    .withVariable(
      chooseMany(
        'device',
        'Access point',
        `SHOW TAG VALUES FROM ${access} WITH KEY = "device" WHERE "city" = '$city' AND "place" =~ /^$place$/`,
      ),
    )
    .annotation(
      marksOf('Alerts', 'red', 'siaga_alert', `"city" = '$city' AND "device" =~ /^$device$/`, 'device'),
    )
    .withPanel(clientsNow())
    .withPanel(availabilityNow())
    .withPanel(coverageNow())
    .withPanel(clientsByPlace())
    .withPanel(worstTen())
    .withPanel(presence())
    .withRow(
      foldedRow(
        'Traffic',
        traffic('Traffic to people', 'txBytes', 'How much do people load down, place by place?'),
        traffic('Traffic from people', 'rxBytes', 'How much do people send up, place by place?'),
      ),
    )
    .withRow(
      foldedRow(
        'Uplinks and the air',
        uplink('Loss by uplink', 'lossPct', 'percent', 'Which uplink loses packets, for all behind it?'),
        uplink('Round trip by uplink', 'rttMs', 'ms', 'Which uplink is slow, for all behind it?'),
        airTime(),
      ),
    )
    .withRow(foldedRow('Availability of each access point', availability()));
}

/** The most clients of each access point in each step, added up over its place: a full hour is not averaged away. */
function sumOfClients(from: string, groupBy: string): string {
  return `SELECT sum("clients") AS "clients" FROM (SELECT max("clients") AS "clients" FROM ${from}
    WHERE ${GOOD} GROUP BY time($__interval), "device", "place") WHERE $timeFilter GROUP BY ${groupBy} fill(none)`;
}

function clientsNow(): StatBuilder {
  return panel(new StatBuilder(), 'Clients', 'How many people are on it now?', 8, 5)
    .unit('short')
    .interval('2m')
    .maxDataPoints(FEW_POINTS)
    .withTarget(influxQl('A', sumOfClients(ACCESS_POINTS, 'time($__interval)'), { alias: 'clients' }));
}

function availabilityNow(): StatBuilder {
  return panel(
    new StatBuilder(),
    'Availability',
    'What share of the time were the chosen access points up? Announced sleep does not count.',
    8,
    5,
  )
    .unit('percentunit')
    .decimals(2)
    .thresholds(availabilitySteps)
    .withTarget(
      influxQl('A', `SELECT ${AVAILABILITY} FROM ${SAMPLES} WHERE ${LIVENESS}`, { alias: 'availability' }),
    );
}

function coverageNow(): StatBuilder {
  return panel(new StatBuilder(), 'Coverage', 'For what share of the time do we know?', 8, 5)
    .unit('percentunit')
    .decimals(2)
    .max(1)
    .withTarget(
      influxQl(
        'A',
        `SELECT mean("coverage") FROM (SELECT ${COVERAGE} AS "coverage"
         FROM ${SAMPLES} WHERE ${LIVENESS} GROUP BY "device")`,
        { alias: 'coverage' },
      ),
    );
}

function clientsByPlace(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Clients by place',
    'Where are the people, and where is it full?',
    FULL_WIDTH,
  )
    .unit('short')
    .interval('2m')
    .maxDataPoints(FEW_POINTS)
    .showPoints(VisibilityMode.Never)
    .withTarget(
      influxQl('A', sumOfClients(readingsOf('wifi_access_point'), 'time($__interval), "place"'), {
        alias: '$tag_place',
      }),
    )
    .withTarget(ofHours('sum("clients")'));
}

function traffic(title: string, counter: string, question: string): GraphBuilder {
  return panel(new GraphBuilder(), title, `${question} From counters; a restart counts as nothing.`, 12)
    .unit('bps')
    .interval('2m')
    .maxDataPoints(FEW_POINTS)
    .withTarget(
      influxQl(
        'A',
        `SELECT sum("bits") FROM (SELECT non_negative_derivative(last("${counter}"), 1s) * 8 AS "bits"
         FROM ${readingsOf('wifi_access_point')} WHERE ${GOOD} GROUP BY time($__interval), "device", "place")
         WHERE $timeFilter GROUP BY time($__interval), "place" fill(none)`,
        { alias: '$tag_place' },
      ),
    )
    .withTarget(ofHours(`sum("${counter}Grown") * 8 / 3600`));
}

/** By place, of hours: there each device has one point in each step, and a query within a query takes a second. */
function ofHours(what: string) {
  return influxQl(
    'B',
    `SELECT ${what} FROM ${hoursOf('wifi_access_point')} WHERE ${GOOD} GROUP BY time(1h), "place" fill(none)`,
    { alias: '$tag_place' },
  );
}

function availability(): TableBuilder {
  return panel(
    new TableBuilder(),
    'Availability and coverage',
    'Which access point was up for what share of the time, and for what share do we know?',
    12,
    10,
  )
    .unit('percentunit')
    .decimals(2)
    .withTarget(
      influxQl(
        'A',
        `SELECT ${AVAILABILITY} AS "availability" FROM ${SAMPLES} WHERE ${LIVENESS} GROUP BY "device"`,
        { format: 'table' },
      ),
    )
    .withTarget(
      influxQl('B', `SELECT ${COVERAGE} AS "coverage" FROM ${SAMPLES} WHERE ${LIVENESS} GROUP BY "device"`, {
        format: 'table',
      }),
    )
    .withTransformation({ id: 'joinByField', options: { byField: 'device', mode: 'outer' } })
    .overrideByRegexp('^Time.*', [property('custom.hidden', true)]);
}

function worstTen(): TableBuilder {
  return panel(new TableBuilder(), 'Worst ten', 'Where should someone go first?', 12, 10)
    .unit('percentunit')
    .decimals(2)
    .thresholds(availabilitySteps)
    .withTarget(
      influxQl(
        'A',
        `SELECT bottom("availability", "device", 10) AS "availability" FROM
         (SELECT ${AVAILABILITY} AS "availability" FROM ${SAMPLES} WHERE ${LIVENESS} GROUP BY "device")`,
        { format: 'table' },
      ),
    )
    .overrideByName('Time', [property('custom.hidden', true)]);
}

function uplink(title: string, quantity: string, unit: string, question: string): GraphBuilder {
  return panel(new GraphBuilder(), title, question, 12)
    .unit(unit)
    .interval('2m')
    .withTarget(
      influxQl(
        'A',
        `SELECT max("${quantity}") FROM ${ACCESS_POINTS} WHERE ${GOOD}
         GROUP BY time($__interval), "uplink" fill(none)`,
        { alias: '$tag_uplink' },
      ),
    );
}

function airTime(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Air time in use',
    'Where is the channel full, so that more clients help nobody? Above 80 % it is.',
    12,
  )
    .unit('percent')
    .max(100)
    .interval('2m')
    .thresholds(steps('green', [[80, 'red']]))
    .withTarget(
      influxQl(
        'A',
        `SELECT max("channelUtilizationPct") FROM ${ACCESS_POINTS} WHERE ${GOOD}
         GROUP BY time($__interval), "place" fill(none)`,
        { alias: '$tag_place' },
      ),
    );
}

function presence(): TimelineBuilder {
  return panel(new TimelineBuilder(), 'Up and down', 'Which access point was away, and when?', 12, 10)
    .mappings(LIVENESS_WORDS)
    .interval('5m')
    .withTarget(
      influxQl(
        'A',
        `SELECT last("state") FROM ${SAMPLES} WHERE ${LIVENESS} GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}
