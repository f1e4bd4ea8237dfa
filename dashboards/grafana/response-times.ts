/**
 * Panels of the response time: from the call to the arrival of the first unit, against the target.
 *
 * They rest on `siaga_incident`, copied from the audit of dispatch with the server's clock. Invariant: the
 * share within the target is worked out where the event is written, and not again here.
 */
import { ReduceDataOptionsBuilder, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { property, steps } from './colours.ts';
import { panel } from './frame.ts';
import { influxQl } from './influx-query.ts';

/** A percentile alone is empty in 3 Core where its rank is the last row; a count beside it mends that. */
const ARRIVED = 'count("sinceCallS") AS "arrivals"';

/** Someone is there within 15 minutes; a test holds it against the one in ingest, which this may not import. */
export const RESPONSE_TARGET_S = 15 * 60;

const ARRIVALS = `$timeFilter AND "city" = '$city' AND "step" = 'on-scene'`;

export function withinTarget(): StatBuilder {
  return panel(
    new StatBuilder(),
    'Within the target',
    'In what share of the calls was someone there within 15 min?',
    8,
    5,
  )
    .unit('percentunit')
    .decimals(1)
    .thresholds(
      steps('red', [
        [0.75, 'orange'],
        [0.9, 'green'],
      ]),
    )
    .withTarget(
      influxQl('A', `SELECT mean("withinTarget") FROM "siaga_incident" WHERE ${ARRIVALS}`, {
        alias: 'share',
      }),
    );
}

export function arrivals(): StatBuilder {
  return panel(new StatBuilder(), 'Arrivals', 'On how many arrivals do these figures stand?', 8, 5)
    .unit('short')
    .decimals(0)
    .withTarget(
      influxQl('A', `SELECT count("sinceCallS") FROM "siaga_incident" WHERE ${ARRIVALS}`, {
        alias: 'arrivals',
      }),
    );
}

export function typicalResponse(): StatBuilder {
  return panel(new StatBuilder(), '90th percentile', 'How long do nine of ten callers wait at most?', 8, 5)
    .unit('s')
    .thresholds(steps('green', [[RESPONSE_TARGET_S, 'red']]))
    .withTarget(
      influxQl(
        'A',
        `SELECT percentile("sinceCallS", 90) AS "p90", ${ARRIVED} FROM "siaga_incident" WHERE ${ARRIVALS}`,
        {
          alias: '$col',
        },
      ),
    )
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('/p90/'));
}

export function responseTimes(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Response time',
    'How long from the call to the first unit at the scene: half of the calls, nine of ten, against 15 min?',
    12,
  )
    .unit('s')
    .interval('1h')
    .thresholds(steps('transparent', [[RESPONSE_TARGET_S, 'red']]))
    .showPoints(VisibilityMode.Always)
    .withTarget(
      influxQl(
        'A',
        `SELECT percentile("sinceCallS", 50) AS "p50", percentile("sinceCallS", 90) AS "p90", ${ARRIVED}
         FROM "siaga_incident" WHERE ${ARRIVALS} GROUP BY time($__interval) fill(none)`,
        { alias: '$col' },
      ),
    )
    .overrideByName('arrivals', [property('unit', 'short'), property('custom.axisPlacement', 'right')]);
}

export function responseShare(): GraphBuilder {
  return panel(new GraphBuilder(), 'Share within the target', 'Is it getting better or worse?', 12)
    .unit('percentunit')
    .min(0)
    .max(1)
    .interval('1h')
    .showPoints(VisibilityMode.Always)
    .withTarget(
      influxQl(
        'A',
        `SELECT mean("withinTarget") FROM "siaga_incident" WHERE ${ARRIVALS} GROUP BY time($__interval) fill(none)`,
        { alias: 'within 15 min' },
      ),
    );
}
