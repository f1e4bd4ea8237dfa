/**
 * Sources: all outside brokers of SOURCES_FILE, their state and their figures.
 *
 * Opened after the pipeline and closed before it. Invariant: a broker that cannot be reached costs nothing but a
 * line in the log and, after a minute, readiness.
 */
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import type { Pipeline } from '../ingest/pipeline.ts';
import { type OutsideBroker, openOutsideBroker } from './outside-broker.ts';
import { readSources } from './source-list.ts';

export interface SourcesOptions {
  /** Undefined: there are none. */
  readonly file: string | undefined;
  readonly city: string;
  readonly pipeline: Pick<Pipeline, 'accept'>;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
}

export interface Sources extends AsyncDisposable {
  /** To the broker whose messages come in the name of this gateway; false: there is none, or it is away. */
  publish(gateway: string, topic: string, payload: string): Promise<boolean>;
  readonly problems: readonly string[];
}

/** Throws SourceListError. */
export function openSources(options: SourcesOptions): Sources {
  const { file, metrics } = options;
  const registers = [metrics];
  const messages = new Counter({
    name: 'siaga_source_messages_total',
    help: 'Messages of outside brokers: stored, rejected (and kept), repeated (known already), or tried again.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const opened: { readonly name: string; readonly gateway: string; readonly broker: OutsideBroker }[] = [];
  for (const source of file === undefined ? [] : readSources(file)) {
    for (let index = 0; index < source.connections; index++) {
      const onOutcome = (outcome: string) => messages.inc({ source: source.name, outcome });
      const broker = openOutsideBroker({ ...options, source, index, onOutcome });
      opened.push({ name: source.name, gateway: source.gateway, broker });
    }
  }
  const gauge = (name: string, help: string, of: (broker: OutsideBroker) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['source'],
      registers,
      collect() {
        this.reset();
        for (const each of opened) this.inc({ source: each.name }, of(each.broker));
      },
    });
  gauge('siaga_source_connections', 'Connections to an outside broker that are up.', (broker) =>
    broker.isConnected ? 1 : 0,
  );
  gauge(
    'siaga_source_lag_seconds',
    'How long the messages in hand of an outside broker have waited for their commit.',
    (broker) => broker.waitingMs / 1000,
  );
  return {
    async publish(gateway, topic, payload) {
      const near = opened.find((each) => each.gateway === gateway && each.broker.isConnected);
      await near?.broker.publish(topic, payload);
      return near !== undefined;
    },
    get problems() {
      return [...new Set(opened.map(({ broker }) => broker.problem).filter((each) => each !== undefined))];
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map(({ broker }) => broker[Symbol.asyncDispose]()));
    },
  };
}
