/** The real pipeline with what a test rarely asks about filled in: no quota, nobody who judges acks or configs. */
import { Registry as Metrics } from 'prom-client';
import { createFormats } from '../../devices/formats/index.ts';
import { createInbox } from '../../ingest/inbox.ts';
import { createPipeline, type OpenedPipeline, type PipelineDependencies } from '../../ingest/pipeline.ts';
import { createQuality } from '../../ingest/quality.ts';
import { unlimitedQuota } from './unlimited-quota.ts';

type Given = Pick<PipelineDependencies, 'city' | 'registry' | 'fleet' | 'journal'>;

export interface TestPipelineOptions extends Given, Partial<Omit<PipelineDependencies, keyof Given>> {
  readonly now: () => number;
}

export function createTestPipeline({ now, ...given }: TestPipelineOptions): OpenedPipeline {
  return createPipeline({
    config: { CLOCK_AHEAD_MAX_MS: 60_000 },
    quality: createQuality(),
    quota: unlimitedQuota,
    formats: createFormats(),
    waiting: { note: () => undefined },
    inbox: createInbox(now),
    metrics: new Metrics(),
    findAckFault: () => undefined,
    hearConfig: () => undefined,
    ...given,
  });
}
