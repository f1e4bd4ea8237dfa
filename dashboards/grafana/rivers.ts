/**
 * Rivers: how high the water stands in any city, and where it is high for its gauge.
 *
 * Above, what the variables choose: map, levels, rate of rise, rain, tide, alerts. In folded rows each gauge between
 * its own thresholds, and beside it the gauge above, moved by the time a wave takes. Invariant: readings of failed
 * quality are in no graph, and a level is shown by its maximum: a peak between two points is the flood.
 */

import {
  BarAlignment,
  GraphDrawStyle,
  type MapLayerOptions,
  StackingConfigBuilder,
  StackingMode,
  VisibilityMode,
} from '@grafana/grafana-foundation-sdk/common';
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as MapBuilder, MapViewConfigBuilder } from '@grafana/grafana-foundation-sdk/geomap';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { CALM_COLOUR, property, RANK_STEPS, SEVERITY_COLOUR, words } from './colours.ts';
import { chooseMany, chooseOne, dashboardOf, grain, marksOf, panel } from './frame.ts';
import { GOOD, SAMPLES, tide, withGauges, withWaveVariables } from './gauge-ladder.ts';
import { influxQl, readingsOrHours } from './influx-query.ts';
import { markerLayer } from './marker-layer.ts';

export const RANK_WORDS = words({
  '0': ['calm', CALM_COLOUR],
  '1': ['minor', SEVERITY_COLOUR.minor],
  '2': ['moderate', SEVERITY_COLOUR.moderate],
  '3': ['severe', SEVERITY_COLOUR.severe],
  '4': ['extreme', SEVERITY_COLOUR.extreme],
});

const CHOSEN = `${GOOD} AND "device" =~ /^$device$/`;

export function buildRivers(): DashboardBuilder {
  const dashboard = dashboardOf(
    'siaga-rivers',
    'Rivers',
    'Stage of every gauge and its place on its own ladder, rate of rise, rain, tide, alerts.',
  )
    .withVariable(chooseOne('city', 'City', 'SHOW TAG VALUES FROM "river_gauge" WITH KEY = "city"'))
    .withVariable(grain())
    .withVariable(
      chooseMany(
        'river',
        'River',
        `SHOW TAG VALUES FROM "river_gauge" WITH KEY = "river" WHERE "city" = '$city'`,
      ),
    )
    .withVariable(
      chooseMany(
        'device',
        'Gauge',
        `SHOW TAG VALUES FROM "river_gauge" WITH KEY = "device" WHERE "city" = '$city' AND "river" =~ /^$river$/`,
      ),
    )
    .annotation(
      marksOf('Alerts', 'red', 'siaga_alert', `"city" = '$city' AND "device" =~ /^$device$/`, 'device'),
    )
    .withPanel(map())
    .withPanel(levels())
    .withPanel(rateOfRise())
    .withPanel(rain())
    .withPanel(alertTimeline())
    .withPanel(tide());
  return withGauges(withWaveVariables(dashboard));
}

function levels(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Stage',
    'How high does the water stand at the chosen gauges, and which of them move together?',
    12,
  )
    .unit('lengthm')
    .decimals(2)
    .showPoints(VisibilityMode.Never)
    .withTarget(
      influxQl(
        'A',
        `SELECT max("levelM") FROM ${readingsOrHours('river_gauge')} WHERE ${CHOSEN} GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}

function rateOfRise(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Rate of rise',
    'How fast is the water rising, before any threshold is reached? Below zero it falls.',
    12,
  )
    .unit('m/h')
    .decimals(2)
    .axisCenteredZero(true)
    .interval('5m')
    .withTarget(
      influxQl(
        'A',
        `SELECT derivative(max("levelM"), 1h) FROM ${readingsOrHours('river_gauge')} WHERE ${CHOSEN}
         GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}

function rain(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Rain',
    'How much rain fell where, in each step of the graph? 50 mm in a day is heavy, 150 mm extreme (BMKG).',
    12,
  )
    .unit('lengthmm')
    .decimals(1)
    .interval('10m')
    .drawStyle(GraphDrawStyle.Bars)
    .barAlignment(BarAlignment.After)
    .fillOpacity(60)
    .stacking(new StackingConfigBuilder().mode(StackingMode.None))
    .withTarget(
      influxQl(
        'A',
        `SELECT sum("rainMm") FROM ${readingsOrHours('river_gauge')} WHERE ${CHOSEN} GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}

function alertTimeline(): TimelineBuilder {
  return panel(new TimelineBuilder(), 'Alert level', 'Which gauge was at which level, from when to when?', 12)
    .mappings(RANK_WORDS)
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .withTarget(
      influxQl(
        'A',
        `SELECT "rank" FROM "siaga_alert" WHERE $timeFilter AND "city" = '$city' AND "device" =~ /^$device$/
         GROUP BY "device"`,
        { alias: '$tag_device' },
      ),
    );
}

function map(): MapBuilder {
  return panel(
    new MapBuilder(),
    'Map',
    'Where is the water high for its gauge? Green below the lowest threshold, then the colour of the severity that is met; positions are approximate.',
    12,
  )
    .unit('short')
    .decimals(2)
    .thresholds(RANK_STEPS)
    .view(new MapViewConfigBuilder().id('fit').allLayers(true).padding(20).zoom(14))
    .layers([markerLayer('Gauges', 'ladderRank', 'device')] satisfies { build(): MapLayerOptions }[])
    .withTarget(
      influxQl(
        'A',
        `SELECT last("ladderRank") AS "ladderRank", "levelM", "lat", "lng" FROM ${SAMPLES}
         AND "device" =~ /^$device$/ GROUP BY "device"`,
        { format: 'table' },
      ),
    )
    .overrideByName('levelM', [property('unit', 'lengthm')]);
}
