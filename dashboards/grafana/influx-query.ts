/**
 * One InfluxQL query as Grafana's data source for InfluxDB keeps it.
 *
 * The Foundation SDK carries no type for it, so it is here. Grafana replaces `$timeFilter`, `$__interval` and
 * the dashboard's variables; a variable of several values becomes `(a|b)`, which is why those stand in a
 * regular expression. Invariant: every query names the provisioned data source, never the default one.
 */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';

/** The uid in provisioning/datasources/influxdb.yaml. */
export const DATA_SOURCE = { type: 'influxdb', uid: 'siaga-influxdb' } as const;

export interface InfluxQlQuery extends Dataquery {
  readonly refId: string;
  readonly datasource: typeof DATA_SOURCE;
  readonly query: string;
  readonly rawQuery: true;
  readonly resultFormat: 'time_series' | 'table';
  readonly alias?: string;
}

export interface InfluxQlOptions {
  readonly format?: 'time_series' | 'table';
  /** `$tag_device` and the like; Grafana's own words for the name of a series. */
  readonly alias?: string;
}

/** `refId` is a letter, unique in its panel. */
export function influxQl(
  refId: string,
  query: string,
  { format = 'time_series', alias }: InfluxQlOptions = {},
): Builder<Dataquery> {
  const built = {
    refId,
    datasource: DATA_SOURCE,
    query: query.replace(/\s+/g, ' ').trim(),
    rawQuery: true,
    resultFormat: format,
    ...(alias === undefined ? {} : { alias }),
  } as const;
  return { build: () => built as unknown as InfluxQlQuery };
}
