/**
 * Beds that hospitals report by MQTT, on their way from the journal to hospitals.ts.
 *
 * A reading of the present comes without waiting for the disk, so it waits here. Invariants: one report a
 * hospital waits at most, the newest; the bound is the number of hospitals; what could not be written is
 * logged and counted, and still the hospital's present, which a restart takes up again.
 */
import type { Reading } from '../../devices/reading.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { DispatchContext } from '../dispatch-context.ts';
import type { BedReport, Hospitals } from './hospitals.ts';

export class BedReports {
  readonly #context: DispatchContext;
  readonly #hospitals: Hospitals;
  readonly #waiting = new Map<string, Reading>();
  readonly #fleet: Pick<Fleet, 'now'>;
  /** Of each hospital: reports that were refused since the start, and are dealt with. */
  readonly #refused = new Map<string, number>();
  #work: Promise<void> | undefined;

  constructor(context: DispatchContext, hospitals: Hospitals, fleet: Pick<Fleet, 'now'>) {
    this.#context = context;
    this.#hospitals = hospitals;
    this.#fleet = fleet;
  }

  /** Looks which hospitals sent what was refused. Called each second. */
  async tick(): Promise<void> {
    for (const { id } of this.#context.city.hospitals) {
      const rejected = this.#fleet.now(id)?.health.rejected ?? {};
      const refused = Object.values(rejected).reduce((sum, count) => sum + count, 0);
      if (refused === (this.#refused.get(id) ?? 0)) continue;
      await this.#work;
      await this.#hospitals.noteRefused(id);
      this.#refused.set(id, refused);
    }
  }

  /** A reading of the present of a hospital. */
  observe(reading: Reading): void {
    if (this.#waiting.has(reading.device)) this.#context.metrics.bedReports.inc({ outcome: 'overtaken' });
    this.#waiting.set(reading.device, reading);
    this.#work ??= this.#workOff();
  }

  async settled(): Promise<void> {
    await this.#work;
  }

  async #workOff(): Promise<void> {
    const { metrics, log } = this.#context;
    for (;;) {
      const reading = this.#waiting.values().next().value;
      if (!reading) break;
      const { device, measuredAt, receivedAt } = reading;
      this.#waiting.delete(device);
      // A clock that is ahead must not make beds look fresher than they are.
      const atMs = Math.min(measuredAt, receivedAt);
      try {
        const isNew = await this.#hospitals.reportIfNewer(device, bedsOf(reading), 'mqtt', device, atMs);
        metrics.bedReports.inc({ outcome: isNew ? 'written' : 'older' });
      } catch (error) {
        metrics.bedReports.inc({ outcome: 'failed' });
        log.error({ err: error, hospital: device }, 'the beds of a hospital could not be written');
      }
    }
    this.#work = undefined;
  }
}

/** What was not said is null. */
function bedsOf({ values }: Reading): BedReport {
  const number = (name: string) => (typeof values[name] === 'number' ? values[name] : null);
  return {
    emergency: number('emergencyFree'),
    intensive: number('intensiveFree'),
    ward: number('wardFree'),
    queue: number('queue'),
  };
}
