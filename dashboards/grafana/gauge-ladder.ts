/**
 * Panels of single gauges between their own thresholds, which are the city's data.
 *
 * Invariant: a band has the colour of its severity, and begins at the threshold of that gauge.
 */
import {
  AxisPlacement,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';
import { CALM_COLOUR, SEVERITY_COLOUR, steps } from './colours.ts';
import { panel } from './frame.ts';
import { influxQl } from './influx-query.ts';

/** Readings of failed quality are in no graph. */
export const GOOD = `$timeFilter AND "city" = '$city' AND "sound" = 1`;

export function tide(tidal: readonly RiverGauge[]): GraphBuilder {
  const ids = tidal.map((gauge) => gauge.id).join('|');
  return panel(
    new GraphBuilder(),
    'Tide',
    'Is the sea high, so that the rivers cannot drain and the coast floods from below (rob)?',
    12,
    12,
  )
    .unit('lengthm')
    .decimals(2)
    .thresholds(bandsOf(tidal[0] as RiverGauge))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
    .withTarget(
      influxQl(
        'A',
        `SELECT mean("levelM") FROM "river_gauge" WHERE ${GOOD} AND "device" =~ /^(${ids})$/
         GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    );
}

export function ladder(gauge: RiverGauge, width: number): GraphBuilder {
  const labels = gauge.thresholds.map((step) => `${step.label.id} ${step.levelM} m`).join(', ');
  return stageOf(
    gauge,
    gauge.name,
    `Where does ${gauge.name} stand between its own thresholds (${labels})?`,
    width,
  );
}

export function shifted(
  gauge: RiverGauge,
  upstream: RiverGauge,
  lagMin: number,
  width: number,
): GraphBuilder {
  return stageOf(
    upstream,
    `${upstream.name}, ${lagMin} min later`,
    `What is on its way to ${gauge.name}? The gauge above it, moved by the ${lagMin} min that a wave takes.`,
    width,
  ).timeShift(`${lagMin}m`);
}

function stageOf(gauge: RiverGauge, title: string, question: string, width: number): GraphBuilder {
  const [, highest] = gauge.sensorRangeM;
  const top = gauge.thresholds.at(-1)?.levelM ?? highest;
  return panel(new GraphBuilder(), title, question, width)
    .unit('lengthm')
    .decimals(2)
    .axisPlacement(AxisPlacement.Left)
    .axisSoftMin(Math.min(0, gauge.normalLevelM))
    .axisSoftMax(top)
    .thresholds(bandsOf(gauge))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.LineAndArea))
    .withTarget(
      influxQl(
        'A',
        `SELECT mean("levelM") FROM "river_gauge" WHERE ${GOOD} AND "device" = '${gauge.id}'
         GROUP BY time($__interval) fill(none)`,
        { alias: gauge.id },
      ),
    );
}

function bandsOf(gauge: RiverGauge) {
  return steps(
    CALM_COLOUR,
    gauge.thresholds.map((step) => [step.levelM, SEVERITY_COLOUR[step.severity]] as const),
  );
}
