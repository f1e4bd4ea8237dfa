/**
 * What all dashboards of Siaga have in common: tags, links to each other, variables, how a panel is described.
 *
 * Invariants: a panel's description begins with the question that it answers; README.md is made of them. A dashboard
 * asks at most MAX_FIRST_QUERIES when it is opened; the rest stands in folded rows.
 */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATA_SOURCE, influxQl } from './influx-query.ts';

export const DASHBOARD_TAG = 'siaga';
/** Grafana's grid is 24 wide; a panel of height 8 is some 300 px. */
export const FULL_WIDTH = 24;
export const PANEL_HEIGHT = 8;

/** Variables, marks and panels together: what a small InfluxDB answers before a person has looked away. */
export const MAX_FIRST_QUERIES = 12;

/** Said in place of an empty panel. */
export const NO_DATA = 'nothing in this time range';

/** A dashboard with its links, dark or light as the reader has set Grafana. */
export function dashboardOf(uid: string, title: string, description: string): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([DASHBOARD_TAG])
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .link(
      new DashboardLinkBuilder('Siaga')
        .type(DashboardLinkType.Dashboards)
        .tags([DASHBOARD_TAG])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    );
}

/** A variable of one value that stands in quotes: `'$city'`. */
export function chooseOne(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATA_SOURCE)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnDashboardLoad)
    .sort(VariableSort.AlphabeticalAsc);
}

/** A variable of several values that stands in a regular expression: `/^$device$/`. */
export function chooseMany(name: string, label: string, query: string): QueryVariableBuilder {
  return chooseOne(name, label, query)
    .multi(true)
    .includeAll(true)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .current({ selected: true, text: 'All', value: '$__all' });
}

/**
 * Which of two grains a range of this length is read in, by `readingsOrHours`; behind `city`. Siaga writes what it
 * rests on (influx/hourly/grain-lines.ts).
 */
export function grain(): QueryVariableBuilder {
  const query = `SELECT last("grain") FROM "siaga_grain" WHERE "city" = '$city' AND "minRangeMs" <= ($__to - $__from)`;
  return chooseOne('grain', 'Grain', query)
    .hide(VariableHide.HideVariable)
    .refresh(VariableRefresh.OnTimeRangeChanged);
}

/** Panels behind a heading. They ask nothing until somebody opens them. */
export function foldedRow(title: string, ...panels: readonly Builder<Panel>[]): RowBuilder {
  return panels.reduce((row, each) => row.withPanel(each), new RowBuilder(title).collapsed(true));
}

/** Marks on every graph. `condition` is InfluxQL; the title is the mark's text. */
export function marksOf(
  name: string,
  colour: string,
  measurement: string,
  condition: string,
  tags: string,
): AnnotationQueryBuilder {
  const query = `SELECT "title", "device" FROM "${measurement}" WHERE $timeFilter AND ${condition}`;
  const target = {
    ...influxQl('Anno', query).build(),
    fromAnnotations: true,
    textColumn: 'title',
    tagsColumn: tags,
  };
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATA_SOURCE)
    .enable(true)
    .iconColor(colour)
    .target({ build: () => target });
}

interface Describable {
  title(title: string): unknown;
  description(description: string): unknown;
  datasource(datasource: typeof DATA_SOURCE): unknown;
  height(rows: number): unknown;
  span(columns: number): unknown;
  noValue(text: string): unknown;
}

/** Names a panel, says the question it answers, and gives it its room. */
export function panel<P extends Describable>(
  builder: P,
  title: string,
  question: string,
  width: number,
  height = PANEL_HEIGHT,
): P {
  builder.title(title);
  builder.description(question);
  builder.datasource(DATA_SOURCE);
  builder.span(width);
  builder.height(height);
  builder.noValue(NO_DATA);
  return builder;
}
