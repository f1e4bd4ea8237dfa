/**
 * What one line of docs/bounds.md says, and the words for its value and for where it is seen.
 *
 * The rows beside this file import the constants that the code itself goes by, and defaults come from the
 * environment's table. Invariants: no number of a bound is written twice; a label of a metric is of the type that the
 * code counts with, so that a reason that is renamed does not compile here.
 */
import type { Bound as MqttBound } from '../../broker/broker-metrics.ts';
import type { HoldCause } from '../../broker/connection/connection-options.ts';
import type { EndReason } from '../../broker/connection/end-reason.ts';
import { type Environment, environmentSchema } from '../../config/environment.ts';
import type { RejectionReason } from '../../devices/rejection.ts';

export interface Bound {
  readonly what: string;
  readonly value: string;
  /** The policy. */
  readonly whenMet: string;
  /** Metrics with their label; or, where nothing is refused or lost, the words that say where else it shows. */
  readonly seenAt: string;
  /** What somebody notices who does nothing wrong. */
  readonly honest: string;
}

export interface BoundSection {
  readonly title: string;
  readonly intro: string;
  readonly bounds: readonly Bound[];
}

const defaults = environmentSchema.parse({});

type NumberName = {
  [Name in keyof Environment]-?: Environment[Name] extends number ? Name : never;
}[keyof Environment];

/** A variable with its default. */
export function variable(name: NumberName, format: (value: number) => string = count): string {
  return `\`${name}\` (${format(defaults[name])})`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function percent(share: number): string {
  return `${count(share * 100)} %`;
}

export function bytes(value: number): string {
  const unit = [
    { size: 2 ** 30, name: 'GiB' },
    { size: 2 ** 20, name: 'MiB' },
    { size: 2 ** 10, name: 'KiB' },
  ].find(({ size }) => value >= size && value % size === 0);
  return unit ? `${count(value / unit.size)} ${unit.name}` : `${count(value)} bytes`;
}

export function duration(ms: number): string {
  const unit = [
    { size: 86_400_000, name: ms === 86_400_000 ? 'day' : 'days' },
    { size: 3_600_000, name: 'h' },
    { size: 60_000, name: 'min' },
    { size: 1_000, name: 's' },
  ].find(({ size }) => ms >= size && ms % size === 0);
  return unit ? `${count(ms / unit.size)} ${unit.name}` : `${count(ms)} ms`;
}

export const days = (value: number): string => `${count(value)} days`;

export function metric(name: `siaga_${string}`, label?: string): string {
  return label === undefined ? `\`${name}\`` : `\`${name}{${label}}\``;
}

export const end = (reason: EndReason) => metric('siaga_mqtt_connection_ends_total', `reason="${reason}"`);
export const hit = (bound: MqttBound) => metric('siaga_mqtt_bound_hits_total', `bound="${bound}"`);
export const hold = (cause: HoldCause) => metric('siaga_mqtt_holds_total', `cause="${cause}"`);
export const rejected = (reason: RejectionReason) => metric('siaga_rejections_total', `reason="${reason}"`);
export const ended = (why: 'gave-way' | 'too-long' | 'unread' | 'too-much-unread') =>
  metric('siaga_http_connections_ended_total', `why="${why}"`);
export const refusedCalls = (bound: 'calls' | 'pressure') =>
  metric('siaga_http_refused_total', `bound="${bound}"`);
export const refusedStreams = (bound: 'all' | 'public' | 'address') =>
  metric('siaga_stream_refused_total', `bound="${bound}"`);
/** Refused with one of these, which are counted with the calls of the route. */
export const answered = (...statuses: number[]) =>
  [...new Set(statuses.map((status) => Math.floor(status / 100)))]
    .map((first) => metric('siaga_http_requests_total', `status="${first}xx"`))
    .join(', ');
