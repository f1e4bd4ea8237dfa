/**
 * Every kind of device on one dashboard, made from what its kind says: which devices report, and in a folded row a kind
 * the map, who was away, and the quantities that it shows.
 *
 * A kind that is added is here with the next `npm run dashboards`. Kinds that the pages have no panel for come first:
 * the others have a dashboard of their own. Invariants: a counter is shown as what it grew by, whose sum is right
 * whichever reports were lost or came twice; of what each report adds, the sum; of the others, the most of a while, or
 * the least where that matters.
 */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { GraphDrawStyle, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import type { DashboardBuilder, Panel, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as MapBuilder, MapViewConfigBuilder } from '@grafana/grafana-foundation-sdk/geomap';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { DeviceKind } from '../../devices/device-kind.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Quantity } from '../../devices/quantity.ts';
import { LIVENESS_WORDS } from './colours.ts';
import { chooseMany, chooseOne, dashboardOf, foldedRow, grain, marksOf, panel } from './frame.ts';
import { hoursOf, influxQl, readingsOf, readingsOrHours } from './influx-query.ts';
import { markerLayer } from './marker-layer.ts';

const CHOSEN = `$timeFilter AND "city" = '$city' AND "device" =~ /^$device$/`;
const GOOD = `${CHOSEN} AND "sound" = 1`;
const LIVENESS = `"siaga_liveness" WHERE ${CHOSEN}`;

/** Our units, as Grafana names them; others stand behind the number as they are. */
const GRAFANA_UNITS: Readonly<Record<string, string>> = {
  '1': 'short',
  '%': 'percent',
  '°': 'degree',
  m: 'lengthm',
  mm: 'lengthmm',
  'm/s': 'velocityms',
  s: 's',
  ms: 'ms',
  B: 'bytes',
  V: 'volt',
  dBm: 'dBm',
  IDR: 'currency:Rp',
};

export function buildEveryKind(): DashboardBuilder {
  const kinds = [...deviceKinds.values()]
    .filter(({ isOwn }) => !isOwn)
    .sort(
      (a, b) => Number(a.panel !== undefined) - Number(b.panel !== undefined) || (a.name < b.name ? -1 : 1),
    );
  const dashboard = dashboardOf(
    'siaga-every-kind',
    'Every kind of device',
    'Which devices of which kind report, and a row a kind with what it measures.',
  )
    .withVariable(chooseOne('city', 'City', 'SHOW TAG VALUES FROM "siaga_liveness" WITH KEY = "city"'))
    .withVariable(grain())
    .withVariable(
      chooseMany(
        'device',
        'Device',
        `SHOW TAG VALUES FROM "siaga_liveness" WITH KEY = "device" WHERE "city" = '$city'`,
      ),
    )
    .annotation(
      marksOf('Alerts', 'red', 'siaga_alert', `"city" = '$city' AND "device" =~ /^$device$/`, 'device'),
    )
    .withPanel(reporting())
    .withPanel(states());
  for (const kind of kinds) dashboard.withRow(rowOf(kind));
  return dashboard;
}

function reporting(): GraphBuilder {
  return panel(
    new GraphBuilder(),
    'Reporting',
    'How many devices of each kind report, and since when fewer?',
    12,
    10,
  )
    .unit('short')
    .decimals(0)
    .interval('1m')
    .withTarget(
      influxQl(
        'A',
        `SELECT sum("up") FROM ${readingsOf('siaga_liveness')} WHERE ${CHOSEN} GROUP BY time(1m), "kind" fill(0)`,
        { alias: '$tag_kind' },
      ),
    )
    .withTarget(
      influxQl(
        'B',
        `SELECT sum("up") / max("samples") FROM ${hoursOf('siaga_liveness')} WHERE ${CHOSEN}
         GROUP BY time(1h), "kind" fill(0)`,
        { alias: '$tag_kind' },
      ),
    );
}

function states(): TableBuilder {
  return panel(new TableBuilder(), 'State of each device', 'Which ones do not report?', 12, 10)
    .mappings(LIVENESS_WORDS)
    .withTarget(
      influxQl('A', `SELECT last("state") AS "state" FROM ${LIVENESS} GROUP BY "kind", "device"`, {
        format: 'table',
      }),
    );
}

function rowOf(kind: DeviceKind): RowBuilder {
  const shown = kind.shows ?? Object.keys(kind.sentQuantities);
  const graphs = shown.flatMap((name): Builder<Panel>[] => {
    const quantity = kind.sentQuantities[name];
    return quantity ? [quantityPanel(kind, name, quantity)] : [];
  });
  return foldedRow(`${kind.label.en} (${kind.label.id})`, map(kind), presence(kind), ...graphs);
}

/** A kind that sends its position is where it was last; any other is where it stands. */
function map(kind: DeviceKind): MapBuilder {
  const ofKind = `${LIVENESS} AND "kind" = '${kind.name}'`;
  const states = `SELECT last("state") AS "state" FROM ${ofKind} GROUP BY "device"`;
  const builder = panel(
    new MapBuilder(),
    `Map, ${kind.label.en}`,
    'Where are they, and which of them report? Where they stand is approximate.',
    12,
    10,
  )
    .mappings(LIVENESS_WORDS)
    .view(new MapViewConfigBuilder().id('fit').allLayers(true).padding(20).zoom(14))
    .layers([markerLayer(kind.label.en, 'state', 'device')]);
  if (!('lat' in kind.sentQuantities)) {
    const query = `SELECT last("state") AS "state", "lat", "lng" FROM ${ofKind} GROUP BY "device"`;
    return builder.withTarget(influxQl('A', query, { format: 'table' }));
  }
  const fixes = `SELECT last("lat") AS "lat", "lng" FROM "${kind.measurement}" WHERE ${GOOD} GROUP BY "device"`;
  return builder
    .withTarget(influxQl('A', fixes, { format: 'table' }))
    .withTarget(influxQl('B', states, { format: 'table' }))
    .withTransformation({ id: 'joinByField', options: { byField: 'device', mode: 'inner' } });
}

function presence(kind: DeviceKind): TimelineBuilder {
  return timeline(
    `Up and down, ${kind.label.en}`,
    'Which one was away, and when?',
    `SELECT last("state") FROM ${readingsOrHours('siaga_liveness')} WHERE ${CHOSEN} AND "kind" = '${kind.name}'`,
  ).mappings(LIVENESS_WORDS);
}

function quantityPanel(kind: DeviceKind, name: string, quantity: Quantity): GraphBuilder | TimelineBuilder {
  const title = quantity.label?.en ?? name;
  const from = `FROM ${readingsOrHours(kind.measurement)} WHERE`;
  const about = `${quantity.description} \`${name}\``;
  if (quantity.type === 'state')
    return timeline(title, `Who said what, and when? ${about}`, `SELECT last("${name}") ${from} ${CHOSEN}`);
  const graph = (question: string, query: string) =>
    panel(new GraphBuilder(), title, `${question} ${about}`, 12)
      .unit(GRAFANA_UNITS[quantity.unit] ?? `suffix: ${quantity.unit}`)
      .interval(`${Math.max(60, 2 * kind.reportIntervalS)}s`)
      .withTarget(
        influxQl('A', `${query} GROUP BY time($__interval), "device" fill(none)`, { alias: '$tag_device' }),
      );
  if (quantity.type === 'gauge') {
    const [how, question] = quantity.adds
      ? ['sum', 'How much came in each step?']
      : quantity.leastMatters
        ? ['min', 'How little was it, in each step?']
        : ['max', 'How much was it at most, in each step?'];
    return graph(question, `SELECT ${how}("${name}") ${from} ${GOOD}`);
  }
  // From report to report, not from step to step: a counter that began again from 0 in a step loses nothing.
  return graph(
    'By how much did it grow in each step? The first report of the range is where it begins.',
    `SELECT sum("grown") FROM (SELECT non_negative_difference("${name}") AS "grown"
     FROM ${readingsOf(kind.measurement)} WHERE ${GOOD} GROUP BY "device") WHERE $timeFilter`,
  )
    .withTarget(
      influxQl(
        'B',
        `SELECT sum("${name}Grown") FROM ${hoursOf(kind.measurement)} WHERE ${GOOD}
         GROUP BY time($__interval), "device" fill(none)`,
        { alias: '$tag_device' },
      ),
    )
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(60);
}

function timeline(title: string, question: string, select: string): TimelineBuilder {
  return panel(new TimelineBuilder(), title, question, 12, 10)
    .showValue(VisibilityMode.Never)
    .interval('5m')
    .withTarget(
      influxQl('A', `${select} GROUP BY time($__interval), "device" fill(none)`, { alias: '$tag_device' }),
    );
}
