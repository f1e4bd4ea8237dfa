/**
 * Ambulances: where they are, what they do, and whether they come in time.
 *
 * Their response times are in response-times.ts. Invariant: a position of failed quality is on no map.
 */
import { VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as MapBuilder, MapViewConfigBuilder } from '@grafana/grafana-foundation-sdk/geomap';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { property, words } from './colours.ts';
import { chooseMany, chooseOne, dashboardOf, FULL_WIDTH, foldedRow, grain, marksOf, panel } from './frame.ts';
import { hoursOf, influxQl, readingsOf, readingsOrHours } from './influx-query.ts';
import { markerLayer } from './marker-layer.ts';
import { arrivals, responseShare, responseTimes, typicalResponse, withinTarget } from './response-times.ts';

const CHOSEN = `$timeFilter AND "city" = '$city' AND "vehicle" =~ /^$vehicle$/ AND "device" =~ /^$device$/`;
const GOOD = `${CHOSEN} AND "sound" = 1`;
const BUSY = ['en-route', 'on-scene', 'transporting', 'at-hospital'];
const ON_DUTY = ['available', ...BUSY];
/** How many reports said one of these, of hours: each has a field of its own there. */
const reportsOf = (words: readonly string[]) =>
  words.map((word) => `sum("status_${word.replaceAll('-', '_')}")`).join(' + ');

const STATUS_WORDS = words({
  available: ['available', 'green'],
  'en-route': ['en route', 'yellow'],
  'on-scene': ['on scene', 'orange'],
  transporting: ['transporting', 'red'],
  'at-hospital': ['at hospital', 'purple'],
  'off-duty': ['off duty', 'text'],
});

export function buildAmbulances(): DashboardBuilder {
  return dashboardOf(
    'siaga-ambulances',
    'Ambulances',
    'Where the units are and what they do; response times against the target; age of each fix.',
  )
    .withVariable(chooseOne('city', 'City', 'SHOW TAG VALUES FROM "ambulance" WITH KEY = "city"'))
    .withVariable(grain())
    .withVariable(
      chooseMany(
        'vehicle',
        'Vehicle',
        `SHOW TAG VALUES FROM "ambulance" WITH KEY = "vehicle" WHERE "city" = '$city'`,
      ),
    )
    .withVariable(
      chooseMany(
        'device',
        'Unit',
        `SHOW TAG VALUES FROM "ambulance" WITH KEY = "device" WHERE "city" = '$city' AND "vehicle" =~ /^$vehicle$/`,
      ),
    )
    .annotation(
      marksOf('Incidents', 'blue', 'siaga_incident', `"city" = '$city' AND "step" = 'reported'`, 'device'),
    )
    .withPanel(withinTarget())
    .withPanel(arrivals())
    .withPanel(typicalResponse())
    .withPanel(map())
    .withPanel(fixes())
    .withPanel(statusTimeline())
    .withRow(foldedRow('Response times', responseTimes(), responseShare()))
    .withRow(foldedRow('Utilisation and trackers', utilisation(), accuracy(), battery()));
}

function map(): MapBuilder {
  return panel(new MapBuilder(), 'Map', 'Where are the units now, and what do they do?', 14, 12)
    .mappings(STATUS_WORDS)
    .view(new MapViewConfigBuilder().id('fit').allLayers(true).padding(20).zoom(14))
    .layers([markerLayer('Units', 'status', 'device')])
    .withTarget(
      influxQl('A', `SELECT last("lat") AS "lat", "lng" FROM "ambulance" WHERE ${GOOD} GROUP BY "device"`, {
        format: 'table',
      }),
    )
    .withTarget(
      influxQl('B', `SELECT last("status") AS "status" FROM "ambulance" WHERE ${CHOSEN} GROUP BY "device"`, {
        format: 'table',
      }),
    )
    .withTransformation({ id: 'joinByField', options: { byField: 'device', mode: 'inner' } });
}

function fixes(): TableBuilder {
  return panel(
    new TableBuilder(),
    'Age of the fix',
    'Whose position is old, so that "nearest" rests on a guess?',
    10,
    12,
  )
    .withTarget(
      influxQl(
        'A',
        `SELECT last("lat") AS "lat", "accuracyM", "speedMps" FROM "ambulance" WHERE ${GOOD} GROUP BY "device"`,
        { format: 'table' },
      ),
    )
    .overrideByName('Time', [property('unit', 'dateTimeFromNow'), property('displayName', 'last fix')])
    .overrideByName('lat', [property('custom.hidden', true)])
    .overrideByName('accuracyM', [property('unit', 'lengthm')])
    .overrideByName('speedMps', [property('unit', 'velocityms')]);
}

function statusTimeline(): TimelineBuilder {
  return panel(
    new TimelineBuilder(),
    'What each unit does',
    'Who was free, on the way, at a scene, and when?',
    FULL_WIDTH,
    10,
  )
    .mappings(STATUS_WORDS)
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .interval('1m')
    .withTarget(
      influxQl(
        'A',
        `SELECT last("status") FROM ${readingsOrHours('ambulance')} WHERE ${CHOSEN} GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}

function utilisation(): TableBuilder {
  return panel(
    new TableBuilder(),
    'Utilisation',
    'What share of its time on duty is each unit out on a call? By its reports, which come evenly.',
    12,
    10,
  )
    .withTarget(
      influxQl(
        'A',
        `SELECT count("status") AS "busy" FROM ${readingsOf('ambulance')} WHERE ${CHOSEN} AND "status" =~ /^(${BUSY.join('|')})$/ GROUP BY "device"`,
        { format: 'table' },
      ),
    )
    .withTarget(
      influxQl(
        'B',
        `SELECT count("status") AS "onDuty" FROM ${readingsOf('ambulance')} WHERE ${CHOSEN} AND "status" != 'off-duty'
         GROUP BY "device"`,
        { format: 'table' },
      ),
    )
    .withTarget(
      influxQl(
        'C',
        `SELECT ${reportsOf(BUSY)} AS "busy", ${reportsOf(ON_DUTY)} AS "onDuty" FROM ${hoursOf('ambulance')}
         WHERE ${CHOSEN} GROUP BY "device"`,
        { format: 'table' },
      ),
    )
    .withTransformation({ id: 'joinByField', options: { byField: 'device', mode: 'outer' } })
    .withTransformation({
      id: 'calculateField',
      options: {
        alias: 'utilisation',
        mode: 'binary',
        binary: { left: 'busy', operator: '/', right: 'onDuty' },
      },
    })
    .overrideByName('utilisation', [property('unit', 'percentunit'), property('decimals', 1)])
    .overrideByRegexp('^Time.*', [property('custom.hidden', true)]);
}

function accuracy(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Accuracy of the fix',
    'Whose GPS is poor? Above 100 m a position says little.',
    6,
    10,
  )
    .unit('lengthm')
    .interval('1m')
    .withTarget(
      influxQl(
        'A',
        `SELECT max("accuracyM") FROM ${readingsOrHours('ambulance')} WHERE ${GOOD} GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}

function battery(): GraphBuilder {
  return panel(new GraphBuilder(), 'Battery of the tracker', 'Which tracker will go silent next?', 6, 10)
    .unit('percent')
    .min(0)
    .max(100)
    .interval('5m')
    .withTarget(
      influxQl(
        'A',
        `SELECT min("batteryPct") FROM ${readingsOrHours('ambulance')} WHERE ${GOOD} GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}
