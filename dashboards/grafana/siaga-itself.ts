/**
 * Siaga itself: does it take what the devices send, how fast, and where does something wait?
 *
 * Its figures are those of /metrics, written to InfluxDB as `siaga_self` every 10 s, so that this dashboard
 * needs no Prometheus; percentiles are those of the last 10 s. Invariant: every metric named here exists in
 * the code, which a test keeps.
 */
import { GraphDrawStyle, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { LIVENESS_WORDS, steps } from './colours.ts';
import { chooseMany, chooseOne, dashboardOf, foldedRow, grain, panel } from './frame.ts';
import { hoursOf, influxQl, readingsOf } from './influx-query.ts';

const CITY = `$timeFilter AND "city" = '$city'`;
const of = (metric: string) => `${CITY} AND "metric" = '${metric}'`;
/** Figures come every 10 s: a shorter step would leave holes. */
const STEP = '30s';

export function buildSiagaItself(): DashboardBuilder {
  return dashboardOf(
    'siaga-itself',
    'Siaga itself',
    'Ingest rate, PUBACK latency, backlog, rejections by reason, silent devices, the process.',
  )
    .time({ from: 'now-1h', to: 'now' })
    .withVariable(chooseOne('city', 'City', 'SHOW TAG VALUES FROM "siaga_self" WITH KEY = "city"'))
    .withVariable(grain())
    .withVariable(
      chooseMany(
        'kind',
        'Kind',
        `SHOW TAG VALUES FROM "siaga_liveness" WITH KEY = "kind" WHERE "city" = '$city'`,
      ),
    )
    .withPanel(connections())
    .withPanel(silentNow())
    .withPanel(backlogNow())
    .withPanel(
      rate('Readings', 'siaga_readings_total', 'kind', 'How many readings a second reach the disk, by kind?'),
    )
    .withPanel(
      percentiles(
        'PUBACK latency',
        'siaga_mqtt_puback_seconds',
        'How long does a device wait until its reading is on disk and acknowledged?',
      ),
    )
    .withPanel(
      rate(
        'Rejections by reason',
        'siaga_rejections_total',
        'reason',
        'What do devices send that cannot be understood, and since when?',
      ),
    )
    .withPanel(silentList())
    .withRow(foldedRow('Silent devices', silentDevices()))
    .withRow(foldedRow('What waits, what is refused', backlog(), boundsReached()))
    .withRow(foldedRow('InfluxDB', ...influx()))
    .withRow(foldedRow('The process', ...theProcess()));
}

function boundsReached(): GraphBuilder {
  return rate(
    'Bounds reached',
    'siaga_mqtt_bound_hits_total',
    'bound',
    'Which bound of the broker was reached: who is being slowed or refused?',
  );
}

function influx(): GraphBuilder[] {
  return [
    percentiles(
      'Lag of InfluxDB',
      'siaga_influx_lag_seconds',
      'How long after its receipt is a reading in InfluxDB, and so in these graphs?',
    ),
    rate(
      'InfluxDB refusals',
      'siaga_influx_failures_total',
      'code',
      'Does InfluxDB refuse or not answer, and with what?',
    ),
  ];
}

function theProcess(): GraphBuilder[] {
  return [
    process('Event loop', 'siaga_nodejs_eventloop_lag_p99_seconds', 's', 'Is the process itself too busy?'),
    process('Memory', 'siaga_process_resident_memory_bytes', 'bytes', 'Does its memory grow without end?'),
  ];
}

function connections(): StatBuilder {
  return panel(new StatBuilder(), 'Connections', 'How many devices are connected now?', 8, 5)
    .unit('short')
    .decimals(0)
    .interval(STEP)
    .withTarget(
      influxQl(
        'A',
        `SELECT sum("value") FROM (SELECT last("value") AS "value" FROM "siaga_self"
         WHERE ${of('siaga_mqtt_connections')} GROUP BY time($__interval), "listener")
         WHERE $timeFilter GROUP BY time($__interval) fill(none)`,
        { alias: 'connections' },
      ),
    );
}

/** Those that are silent or offline: not up, though they count. Of hours: the mean of the hour. */
function silentQueries(groupBy: string, alias: string) {
  const where = `WHERE ${CITY} AND "kind" =~ /^$kind$/`;
  const silent = 'sum("upSamples") - sum("up")';
  return [
    influxQl(
      'A',
      `SELECT ${silent} FROM ${readingsOf('siaga_liveness')} ${where} GROUP BY time(1m)${groupBy} fill(0)`,
      { alias },
    ),
    influxQl(
      'B',
      `SELECT (${silent}) / max("samples") FROM ${hoursOf('siaga_liveness')} ${where}
       GROUP BY time(1h)${groupBy} fill(0)`,
      { alias },
    ),
  ];
}

function silentNow(): StatBuilder {
  return panel(new StatBuilder(), 'Silent or offline', 'How many devices do not report?', 8, 5)
    .unit('short')
    .decimals(0)
    .thresholds(
      steps('green', [
        [1, 'orange'],
        [20, 'red'],
      ]),
    )
    .targets(silentQueries('', 'silent or offline'));
}

const BACKLOG = `SELECT max("value") FROM "siaga_self" WHERE ${of('siaga_backlog_entries')}`;

function backlogNow(): StatBuilder {
  return panel(new StatBuilder(), 'Backlog', 'Do alerts, live view or history fall behind the journal?', 8, 5)
    .unit('short')
    .decimals(0)
    .interval(STEP)
    .thresholds(
      steps('green', [
        [1_000, 'orange'],
        [100_000, 'red'],
      ]),
    )
    .withTarget(
      influxQl('A', `${BACKLOG} GROUP BY time($__interval), "consumer" fill(none)`, {
        alias: '$tag_consumer',
      }),
    );
}

function backlog(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Backlog by consumer',
    'How many readings wait, for whom, and is it getting less?',
    12,
  )
    .unit('short')
    .interval(STEP)
    .withTarget(
      influxQl('A', `${BACKLOG} GROUP BY time($__interval), "consumer" fill(none)`, {
        alias: '$tag_consumer',
      }),
    );
}

/** A counter as events a second by one label; a restart counts as nothing. */
function rate(title: string, metric: string, label: string, question: string): GraphBuilder {
  return panel(new GraphBuilder(), title, question, 12)
    .unit('cps')
    .interval(STEP)
    .fillOpacity(10)
    .withTarget(
      influxQl(
        'A',
        `SELECT non_negative_derivative(last("value"), 1s) FROM "siaga_self" WHERE ${of(metric)}
         GROUP BY time($__interval), "${label}" fill(none)`,
        { alias: `$tag_${label}` },
      ),
    );
}

function percentiles(title: string, metric: string, question: string): GraphBuilder {
  return panel(new GraphBuilder(), title, question, 12)
    .unit('s')
    .interval(STEP)
    .showPoints(VisibilityMode.Never)
    .withTarget(
      influxQl(
        'A',
        `SELECT max("p50") AS "p50", max("p99") AS "p99" FROM "siaga_self" WHERE ${of(metric)}
         GROUP BY time($__interval) fill(none)`,
        { alias: '$col' },
      ),
    );
}

function silentDevices(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Silent devices',
    'Since when do devices not report, and of which kind: one, or all behind something?',
    12,
  )
    .unit('short')
    .decimals(0)
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(60)
    .targets(silentQueries(', "kind"', '$tag_kind'));
}

function silentList(): TableBuilder {
  return panel(new TableBuilder(), 'State of each device', 'Which ones are they?', 12)
    .mappings(LIVENESS_WORDS)
    .withTarget(
      influxQl(
        'A',
        `SELECT last("state") AS "state" FROM "siaga_liveness" WHERE ${CITY} AND "kind" =~ /^$kind$/
         GROUP BY "kind", "device"`,
        { format: 'table' },
      ),
    );
}

function process(title: string, metric: string, unit: string, question: string): GraphBuilder {
  return panel(new GraphBuilder(), title, question, 12)
    .unit(unit)
    .interval(STEP)
    .withTarget(
      influxQl(
        'A',
        `SELECT max("value") FROM "siaga_self" WHERE ${of(metric)} GROUP BY time($__interval) fill(none)`,
        { alias: title },
      ),
    );
}
