/**
 * Panels of single gauges: between their own thresholds, and beside the gauge above, moved by the time a wave takes.
 *
 * Thresholds come from InfluxDB, where a gauge's are written with its liveness: a changed one is on the graph from the
 * minute it was changed, and an old flood stands between the thresholds of its day. Invariant: a threshold has the
 * colour of its severity.
 */
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { CustomVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { riverGauge } from '../../devices/kinds/river-gauge.ts';
import { SEVERITIES } from '../../devices/site.ts';
import { property, SEVERITY_COLOUR } from './colours.ts';
import { chooseOne, FULL_WIDTH, foldedRow, panel } from './frame.ts';
import { influxQl, readingsOrHours } from './influx-query.ts';

/** Readings of failed quality are in no graph. */
export const GOOD = `$timeFilter AND "city" = '$city' AND "sound" = 1`;
/** What is sampled of each gauge, once a minute. */
const OF_GAUGES = `$timeFilter AND "city" = '$city' AND "kind" = '${riverGauge.name}'`;
export const SAMPLES = `"siaga_liveness" WHERE ${OF_GAUGES}`;
const SAMPLES_OR_HOURS = `${readingsOrHours('siaga_liveness')} WHERE ${OF_GAUGES}`;
const SAMPLED_EVERY = '1m';
const GAUGES = `SHOW TAG VALUES FROM "river_gauge" WITH KEY = "device" WHERE "city" = '$city'`;
/** From a gauge to the next below it, as waves take; any other time can be typed. */
const LAGS = ['10m', '20m', '30m', '45m', '1h', '2h', '4h', '8h', '11h'];

export function withGauges(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(foldedRow('Each gauge on its ladder', ladder()))
    .withRow(
      foldedRow(
        'What is on its way',
        upstream(),
        stage(
          '$above, $lag later',
          'What is on its way from $above, moved by the $lag that you chose?',
        ).timeShift('$lag'),
        stageOfChosen(),
      ),
    );
}

/** The gauge whose wave is looked for, and how long it takes. */
export function withWaveVariables(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withVariable(chooseOne('above', 'Gauge above', GAUGES))
    .withVariable(
      new CustomVariableBuilder('lag')
        .label('Wave takes')
        .values(LAGS.join(','))
        .current({ selected: true, text: '30m', value: '30m' })
        .allowCustomValue(true),
    );
}

/** One panel, which Grafana repeats for each gauge that is chosen. */
function ladder(): GraphBuilder {
  const columns = SEVERITIES.map((severity) => `max("${severity}M") AS "${severity}"`).join(', ');
  const graph = panel(
    new GraphBuilder(),
    '$device',
    'Where does $device stand between its own thresholds, as they were at the time?',
    8,
  )
    .repeat('device')
    .repeatDirection('h')
    .maxPerRow(3)
    .unit('lengthm')
    .decimals(2)
    .interval(SAMPLED_EVERY)
    .withTarget(
      influxQl(
        'A',
        `SELECT max("levelM") FROM ${readingsOrHours('river_gauge')} WHERE ${GOOD} AND "device" =~ /^$device$/
         GROUP BY time($__interval) fill(none)`,
        { alias: 'stage' },
      ),
    )
    .withTarget(
      influxQl(
        'B',
        `SELECT ${columns} FROM ${SAMPLES_OR_HOURS} AND "device" =~ /^$device$/ GROUP BY time($__interval) fill(none)`,
        { alias: '$col' },
      ),
    )
    .overrideByName('stage', [property('custom.lineWidth', 2)]);
  return SEVERITIES.reduce(
    (each, severity) =>
      each.overrideByName(severity, [
        property('color', { mode: 'fixed', fixedColor: SEVERITY_COLOUR[severity] }),
        property('custom.lineStyle', { fill: 'dash', dash: [10, 10] }),
        property('custom.fillOpacity', 0),
      ]),
    graph,
  );
}

function upstream(): TableBuilder {
  return panel(
    new TableBuilder(),
    'Gauges above',
    'Which gauge stands above which, and how long does a wave take from there? Choose both at the top.',
    8,
    10,
  )
    .withTarget(
      influxQl('A', `SELECT last("upstream") AS "above" FROM ${SAMPLES} GROUP BY "device"`, {
        format: 'table',
      }),
    )
    .overrideByName('Time', [property('custom.hidden', true)]);
}

function stage(title: string, question: string): GraphBuilder {
  return panel(new GraphBuilder(), title, question, 8, 10)
    .unit('lengthm')
    .decimals(2)
    .withTarget(
      influxQl(
        'A',
        `SELECT max("levelM") FROM ${readingsOrHours('river_gauge')} WHERE ${GOOD} AND "device" = '$above'
         GROUP BY time($__interval) fill(none)`,
        { alias: '$above' },
      ),
    );
}

function stageOfChosen(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Chosen gauges',
    'Does the wave from above stand here too? A flood that comes has the same shape on both.',
    8,
    10,
  )
    .unit('lengthm')
    .decimals(2)
    .withTarget(
      influxQl(
        'A',
        `SELECT max("levelM") FROM ${readingsOrHours('river_gauge')} WHERE ${GOOD} AND "device" =~ /^$device$/
         GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}

export function tide(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Tide',
    'Is the sea high, so that the rivers cannot drain and the coast floods from below (rob)?',
    FULL_WIDTH / 2,
  )
    .unit('lengthm')
    .decimals(2)
    .interval(SAMPLED_EVERY)
    .withTarget(
      influxQl(
        'A',
        `SELECT max("tideM") FROM ${SAMPLES_OR_HOURS} GROUP BY time($__interval), "device" fill(none)`,
        {
          alias: '$tag_device',
        },
      ),
    );
}
