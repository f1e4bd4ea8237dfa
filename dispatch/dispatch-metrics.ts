/** The counters of dispatch, registered once. Every bound and every retry of this part has one here. */
import { Counter, type Registry } from 'prom-client';

export interface DispatchMetrics {
  readonly assignments: Counter<'outcome'>;
  readonly orders: Counter<'outcome'>;
  readonly unacknowledged: Counter<'stage'>;
  readonly steps: Counter<'step'>;
  readonly routingFallbacks: Counter<'source'>;
  readonly droppedUnitWork: Counter;
  readonly crewWords: Counter<'judgement'>;
  readonly bedReports: Counter<'outcome'>;
  readonly stretches: Counter<'outcome'>;
  readonly clockSteps: Counter<'outcome'>;
}

export function createDispatchMetrics(registry: Registry): DispatchMetrics {
  const registers = [registry];
  return {
    assignments: new Counter({
      name: 'siaga_dispatch_assignments_total',
      help: 'Assignment calls by what became of them.',
      labelNames: ['outcome'],
      registers,
    }),
    orders: new Counter({
      name: 'siaga_dispatch_orders_total',
      help: 'Orders and cancellations to units: sent, failed.',
      labelNames: ['outcome'],
      registers,
    }),
    unacknowledged: new Counter({
      name: 'siaga_dispatch_unacknowledged_total',
      help: 'Orders without an answer, by how far it went: resent, warned, escalated.',
      labelNames: ['stage'],
      registers,
    }),
    steps: new Counter({
      name: 'siaga_dispatch_steps_total',
      help: 'Steps that assignments have taken.',
      labelNames: ['step'],
      registers,
    }),
    routingFallbacks: new Counter({
      name: 'siaga_dispatch_routing_fallbacks_total',
      help: 'Travel times that the outside engine did not give.',
      labelNames: ['source'],
      registers,
    }),
    droppedUnitWork: new Counter({
      name: 'siaga_dispatch_dropped_unit_work_total',
      help: 'Messages of units that found the queue full; the next reading of the unit says it again.',
      registers,
    }),
    crewWords: new Counter({
      name: 'siaga_dispatch_crew_words_total',
      help: 'Changed statuses of assigned crews: after the order, before it, unsure when, impossible. A person is asked about the last two.',
      labelNames: ['judgement'],
      registers,
    }),
    clockSteps: new Counter({
      name: 'siaga_dispatch_clock_steps_total',
      help: 'Steps of our clock: followed by what is open, failed and tried again, given up.',
      labelNames: ['outcome'],
      registers,
    }),
    stretches: new Counter({
      name: 'siaga_dispatch_stretches_total',
      help: 'Stretches that crews drove under way: learned, no-road beneath them, unlikely times, full memory.',
      labelNames: ['outcome'],
      registers,
    }),
    bedReports: new Counter({
      name: 'siaga_dispatch_bed_reports_total',
      help: 'Beds reported by MQTT: written, older than what is known, overtaken while waiting, failed.',
      labelNames: ['outcome'],
      registers,
    }),
  };
}
