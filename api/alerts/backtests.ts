/**
 * `POST /v1/backtests`: what the alarms would have said to a gauge's own past, before a rule is changed.
 *
 * Reads stored history, runs the same engine in a thread of its own (backtest/), changes nothing. Invariant: bounded in
 * points and in runs at once; a series that is longer is refused and not cut silently.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { checkOverrides, type ParameterOverride } from '../../alerts/judgement/parameters.ts';
import { trackRules } from '../../alerts/rules/index.ts';
import type { BacktestReport } from '../../backtest/report.ts';
import { isRiverGauge, type RiverGauge } from '../../devices/kinds/river-gauge.ts';
import { SEVERITIES } from '../../devices/site.ts';
import type { Registry } from '../../fleet/registry.ts';
import type { History, HistoryPoint } from '../../history/history.ts';
import { Problem } from '../border/problem.ts';
import { formatTime, timeInput, timeOutput } from '../border/time.ts';
import { type BacktestRuns, readPages } from './backtest-runs.ts';

export interface BacktestsDependencies {
  readonly registry: Registry;
  readonly history: Pick<History, 'raw'>;
  readonly runs: BacktestRuns;
}

/** A year of a reading each five minutes; they are kept until the report. */
export const MAX_POINTS = 110_000;

const parameterValue = z
  .union([
    z.number().meta({ id: 'NumberParameter' }),
    z.boolean().meta({ id: 'FlagParameter' }),
    z.string().meta({ id: 'WordParameter' }),
  ])
  .meta({ id: 'ParameterValue' });
const body = z
  .strictObject({
    device: z.string().min(1).max(64).describe('A river gauge.'),
    from: timeInput,
    to: timeInput,
    thresholds: z
      .array(
        z.strictObject({
          severity: z.enum(SEVERITIES),
          levelM: z.number(),
          comparator: z
            .enum(['>=', '>'])
            .meta({ 'x-enum-varnames': ['atLeast', 'above'] })
            .default('>='),
          label: z.strictObject({ id: z.string().max(100), en: z.string().max(100) }).optional(),
        }),
      )
      .min(1)
      .max(SEVERITIES.length)
      .describe('To try instead of its own; ascending.')
      .optional(),
    hysteresisM: z.number().positive().max(10).optional(),
    parameters: z
      .record(z.string(), z.record(z.string(), parameterValue))
      .describe('By rule: {"time-to-threshold": {"chanceToClaim": 0.5}}')
      .optional(),
  })
  .meta({ id: 'BacktestRequest' });

const answer = z
  .object({
    device: z.string(),
    readings: z.int(),
    from: timeOutput,
    to: timeOutput,
    intervalMin: z.number(),
    thresholds: z.array(
      z.object({
        levelM: z.number(),
        severity: z.enum(SEVERITIES),
        crossings: z.int(),
        episodes: z.int(),
        alerts: z.int(),
        flapsDamped: z.int(),
        foretold: z.int(),
        falselyForetold: z.int(),
        leadMin: z.array(z.number()),
      }),
    ),
    alerts: z.array(
      z.object({
        rule: z.string(),
        state: z.string(),
        highestSeverity: z.enum(SEVERITIES),
        startedAt: timeOutput,
        endedAt: timeOutput.nullable(),
        peak: z.number().nullable(),
      }),
    ),
    faults: z.array(z.object({ what: z.string(), count: z.int(), examples: z.array(timeOutput) })),
  })
  .meta({ id: 'Backtest' });

export const backtestRoutes =
  ({ registry, history, runs }: BacktestsDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/backtests',
      {
        config: { access: ['engineer', 'dispatcher'], fails: [404, 413] },
        schema: {
          operationId: 'runBacktest',
          tags: ['alerts'],
          summary: 'Run the alert rules over stored history',
          body,
          response: { 200: answer },
        },
      },
      async (request, reply) => {
        const { body: asked } = request;
        const site = registry.find(asked.device)?.site;
        if (!isRiverGauge(site)) {
          throw new Problem(404, 'unknown-gauge', `There is no river gauge ${asked.device}.`);
        }
        const overrides = readOverrides(asked.parameters);
        const gauge = withChanges(site, asked);
        const range = { device: asked.device, fromMs: asked.from, toMs: asked.to };
        return runs.run(request, reply, async (run) => {
          for await (const page of readPages(history, { kind: site.kind, ...range }, run, MAX_POINTS)) {
            await run.thread.call('takeLevels', page.flatMap(toLevel));
          }
          return formatAnswer(await run.thread.call('report', { gauge, overrides }));
        });
      },
    );
  };

function readOverrides(parameters: z.infer<typeof body>['parameters']): ParameterOverride[] {
  const overrides = Object.entries(parameters ?? {}).map(([rule, values]) => ({ rule, parameters: values }));
  const problems = checkOverrides(overrides, trackRules);
  if (problems.length > 0) throw new Problem(400, 'bad-parameters', problems.join('; '));
  return overrides;
}

/** Throws Problem 400 where they do not ascend. */
function withChanges(site: RiverGauge, { thresholds, hysteresisM }: z.infer<typeof body>): RiverGauge {
  const ascending = thresholds?.every((each, index) => {
    const before = thresholds[index - 1];
    return (
      !before ||
      (before.levelM < each.levelM && SEVERITIES.indexOf(before.severity) < SEVERITIES.indexOf(each.severity))
    );
  });
  if (ascending === false)
    throw new Problem(400, 'bad-thresholds', 'Thresholds must ascend in level and severity.');
  return {
    ...site,
    hysteresisM: hysteresisM ?? site.hysteresisM,
    thresholds:
      thresholds?.map(({ label, ...each }) => ({
        ...each,
        label: label ?? { id: `${each.levelM} m`, en: `${each.levelM} m` },
      })) ?? site.thresholds,
  };
}

function toLevel({ atMs, values }: HistoryPoint): { atMs: number; levelM: number }[] {
  const levelM = values['levelM'];
  return typeof levelM === 'number' ? [{ atMs, levelM }] : [];
}

function formatAnswer(report: BacktestReport): z.infer<typeof answer> {
  return {
    device: report.gauge,
    readings: report.readings,
    from: formatTime(report.fromMs),
    to: formatTime(report.toMs),
    intervalMin: report.intervalMin,
    thresholds: report.thresholds.map(
      ({ levelM, severity, crossings, episodes, alerts, flapsDamped, claims, leadMin }) => ({
        levelM,
        severity,
        crossings,
        episodes,
        alerts,
        flapsDamped,
        foretold: claims.reached,
        falselyForetold: claims.missed,
        leadMin: [...leadMin],
      }),
    ),
    alerts: report.alerts.map(({ rule, state, highestSeverity, startedAt, endedAt, peak }) => ({
      rule,
      state,
      highestSeverity,
      startedAt: formatTime(startedAt),
      endedAt: endedAt === undefined ? null : formatTime(endedAt),
      peak: peak ?? null,
    })),
    faults: report.faults.map(({ what, count, examples }) => ({
      what,
      count,
      examples: examples.map(formatTime),
    })),
  };
}
