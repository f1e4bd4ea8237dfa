/**
 * Rivers: one dashboard a city, since the ladder of each gauge (its bands) is the city's data.
 *
 * Above, what the variables choose: levels, rate of rise, rain, alerts. Below, a row a river with each gauge
 * between its own thresholds, and beside it the gauge above it, moved by the time a wave takes: a flood that
 * comes stands at the same place on both. Invariant: readings of failed quality are in no graph.
 */

import {
  BarAlignment,
  GraphDrawStyle,
  type MapLayerOptions,
  StackingConfigBuilder,
  StackingMode,
  VisibilityMode,
} from '@grafana/grafana-foundation-sdk/common';
import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as MapBuilder, MapViewConfigBuilder } from '@grafana/grafana-foundation-sdk/geomap';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { City } from '../../cities/city.ts';
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import { CALM_COLOUR, SEVERITY_COLOUR, words } from './colours.ts';
import { chooseMany, chooseOne, dashboardOf, FULL_WIDTH, marksOf, panel } from './frame.ts';
import { GOOD, ladder, shifted, tide } from './gauge-ladder.ts';
import { influxQl } from './influx-query.ts';
import { markerLayer } from './marker-layer.ts';

export const RANK_WORDS = words({
  '0': ['calm', CALM_COLOUR],
  '1': ['minor', SEVERITY_COLOUR.minor],
  '2': ['moderate', SEVERITY_COLOUR.moderate],
  '3': ['severe', SEVERITY_COLOUR.severe],
  '4': ['extreme', SEVERITY_COLOUR.extreme],
});

const CHOSEN = `${GOOD} AND "device" =~ /^$device$/`;

export function buildRivers(city: City): DashboardBuilder {
  const gauges = city.devices.filter(isRiverGauge);
  const dashboard = dashboardOf(
    `siaga-rivers-${city.id}`,
    `Rivers · ${city.name}`,
    'Stage of every gauge between its own thresholds, rate of rise, rain, tide, alerts.',
  )
    .withVariable(chooseOne('city', 'City', 'SHOW TAG VALUES FROM "river_gauge" WITH KEY = "city"'))
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
    .withPanel(levels())
    .withPanel(rateOfRise())
    .withPanel(rain())
    .withPanel(alertTimeline())
    .withPanel(map(city));
  const tidal = gauges.filter((gauge) => gauge.tidal);
  if (tidal.length > 0) dashboard.withPanel(tide(tidal));
  for (const river of city.rivers) {
    const ofRiver = gauges.filter((gauge) => gauge.river === river.id);
    if (ofRiver.length === 0) continue;
    dashboard.withRow(new RowBuilder(river.name));
    for (const gauge of ofRiver) {
      const above = gauge.upstream.flatMap(({ gauge: id, lagMin }) => {
        const upstream = gauges.find((each) => each.id === id);
        return upstream ? [{ upstream, lagMin }] : [];
      });
      const width = FULL_WIDTH / (above.length + 1);
      dashboard.withPanel(ladder(gauge, width));
      for (const { upstream, lagMin } of above) dashboard.withPanel(shifted(gauge, upstream, lagMin, width));
    }
  }
  return dashboard;
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
        `SELECT mean("levelM") FROM "river_gauge" WHERE ${CHOSEN} GROUP BY time($__interval), "device" fill(none)`,
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
        `SELECT derivative(mean("levelM"), 1h) FROM "river_gauge" WHERE ${CHOSEN}
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
        `SELECT sum("rainMm") FROM "river_gauge" WHERE ${CHOSEN} GROUP BY time($__interval), "device" fill(none)`,
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

function map(city: City): MapBuilder {
  const { south, west, north, east } = city.bounds;
  return panel(
    new MapBuilder(),
    'Map',
    'Where is the water high now? The last stage of each gauge; positions are approximate.',
    12,
    12,
  )
    .unit('lengthm')
    .decimals(2)
    .view(
      new MapViewConfigBuilder()
        .id('coords')
        .lat((south + north) / 2)
        .lon((west + east) / 2)
        .zoom(11),
    )
    .layers([markerLayer('Gauges', 'levelM', 'device')] satisfies { build(): MapLayerOptions }[])
    .withTarget(
      influxQl(
        'A',
        `SELECT last("levelM") AS "levelM" FROM "river_gauge" WHERE ${CHOSEN} GROUP BY "device"`,
        {
          format: 'table',
        },
      ),
    )
    .withTarget(
      influxQl(
        'B',
        `SELECT last("lat") AS "lat", last("lng") AS "lng" FROM "siaga_liveness" WHERE $timeFilter
         AND "city" = '$city' AND "kind" = 'river-gauge' AND "device" =~ /^$device$/ GROUP BY "device"`,
        { format: 'table' },
      ),
    )
    .withTransformation({ id: 'joinByField', options: { byField: 'device', mode: 'inner' } });
}
