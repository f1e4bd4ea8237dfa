/**
 * PubackTimes: how long publishes waited for their PUBACK, as a histogram of Prometheus.
 *
 * prom-client's own hashes its labels for each observation, which costs as much as encoding the reading.
 * This one counts in an array and is asked by the registry like any other. Invariant: `observe` allocates nothing.
 */
import type { Metric, Registry } from 'prom-client';

/** From arrival to the PUBACK, seconds: a commit takes some milliseconds, a stalled disk seconds. */
const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];

export class PubackTimes {
  readonly name = 'siaga_mqtt_puback_seconds';
  readonly help = 'From the arrival of a publish to its acknowledgement.';
  readonly type = 'histogram';
  /** One a bound, and one for what is above them all. */
  readonly #counts = new Float64Array(BOUNDS_S.length + 1);
  #sumS = 0;

  constructor(registry: Registry) {
    registry.registerMetric(this as unknown as Metric);
  }

  observe(seconds: number): void {
    let place = 0;
    while (place < BOUNDS_S.length && seconds > (BOUNDS_S[place] as number)) place++;
    (this.#counts[place] as number)++;
    this.#sumS += seconds;
  }

  /** What the registry asks: each bucket counts all that is not above its bound. */
  async get(): Promise<unknown> {
    const { name, help } = this;
    let count = 0;
    const values: unknown[] = [...this.#counts].map((own, place) => {
      count += own;
      return { metricName: `${name}_bucket`, labels: { le: BOUNDS_S[place] ?? '+Inf' }, value: count };
    });
    values.push({ metricName: `${name}_sum`, labels: {}, value: this.#sumS });
    values.push({ metricName: `${name}_count`, labels: {}, value: count });
    return { name, help, type: this.type, aggregator: 'sum', values };
  }
}
