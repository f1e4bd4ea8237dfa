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

/**
 * Below two days the readings, from there on the hours that Siaga makes of them, which have the same fields: `$grain`
 * is 0 or 1 (frame.ts). A digit, since Grafana escapes anything else within a regular expression.
 */
export function readingsOrHours(measurement: string): string {
  return `/^${measurement}(_1h){$grain}$/`;
}

/** Below two days only; for what is asked of hours in another way, beside `hoursOf`. */
export function readingsOf(measurement: string): string {
  return `/^${measurement}(-none){$grain}$/`;
}

/** From two days on only. */
export function hoursOf(measurement: string): string {
  return `/^${measurement}_1(h){$grain}$/`;
}

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
