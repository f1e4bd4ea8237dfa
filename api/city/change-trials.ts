/**
 * `POST /v1/backtests/changes`: what a change of the city would have done to the alerts of the last days, before it is
 * saved: "3 alerts in the last 90 days; with it 5".
 *
 * For engineers and dispatchers. What is asked is judged by the sentences of `check`, as a change is; the readings are
 * judged in a thread of backtest/. Invariants: nothing is changed; what is more than the bounds is refused and not cut
 * silently, but for the list of alerts, which says how many it leaves out.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { groupOf, type ParameterOverride } from '../../alerts/judgement/parameters.ts';
import { judgedBy, trackRules } from '../../alerts/rules/index.ts';
import type { TrialAlert, TrialDevice, TrialPair, TrialSide } from '../../backtest/change-trial.ts';
import type { City } from '../../cities/city.ts';
import { currentEntry } from '../../cities/city-state.ts';
import type { Edit } from '../../cities/judge-edits.ts';
import { ENTRY_LISTS, type Entry, type EntryList } from '../../cities/overlay.ts';
import { type DeviceSite, SEVERITIES } from '../../devices/site.ts';
import type { LiveRegistry } from '../../fleet/registry.ts';
import type { History } from '../../history/history.ts';
import { type BacktestRuns, type Run, readPages, tooManyReadings } from '../alerts/backtest-runs.ts';
import { Problem } from '../border/problem.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import { entrySchema, toProblem } from './city-entries.ts';

export interface ChangeTrialDependencies {
  readonly registry: LiveRegistry;
  readonly history: Pick<History, 'raw'>;
  readonly runs: BacktestRuns;
  readonly now: () => number;
}

/** Two gauges of one reading a minute over 90 days; docs/performance.md says how long one takes. */
export const MAX_READINGS = 300_000;
/** A kind of device may have ten thousand; a parameter for all of them is tried on a group. */
export const MAX_DEVICES = 100;
/** Some 250 bytes each. */
export const MAX_ALERTS = 400;
const DAY_MS = 86_400_000;
/** A machine that is busy with the present may take some minutes for what an idle one does in 20 s. */
export const WITHIN_MS = 180_000;

const body = z
  .strictObject({
    list: z.enum(ENTRY_LISTS).describe('`devices` for thresholds, `alertRules` for parameters.'),
    id: z.string().min(1).max(200).describe('Of the entry in the list; as in /v1/changes.'),
    entry: entrySchema.nullable().describe('As it would stand, whole; null to try its removal.'),
    days: z.int().min(1).max(366).default(90).describe('How many of the last days.'),
  })
  .meta({ id: 'ChangeTrialRequest' });

const alert = z
  .object({
    startedAt: timeOutput,
    endedAt: timeOutput.nullable().describe('Null where it was open after the last reading.'),
    highestSeverity: z.enum(SEVERITIES),
    peak: z.number().nullable(),
  })
  .meta({ id: 'TriedAlert' });
const answer = z
  .object({
    from: timeOutput,
    to: timeOutput,
    days: z.int(),
    devices: z.int().describe('Whose alerts the change may move.'),
    readings: z.int(),
    before: z.int().describe('Alerts by what is in force.'),
    after: z.int().describe('Alerts with the change.'),
    rules: z.array(z.object({ rule: z.string(), before: z.int(), after: z.int() })),
    alerts: z
      .array(
        z.object({
          device: z.string(),
          rule: z.string(),
          before: alert.nullable().describe('Null where it would be new.'),
          after: alert.nullable().describe('Null where it would not be raised.'),
        }),
      )
      .describe('The same alert with and without the change in one; by when it began.'),
    leftOut: z.int().describe(`Beyond the last ${MAX_ALERTS}.`),
  })
  .meta({ id: 'ChangeTrial' });

export const changeTrialRoutes =
  (dependencies: ChangeTrialDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const { registry, runs, now } = dependencies;
    app.post(
      '/backtests/changes',
      {
        handlerTimeout: WITHIN_MS,
        config: { access: ['engineer', 'dispatcher'], nullSpeaks: true, fails: [413, 422] },
        schema: {
          operationId: 'tryChange',
          tags: ['alerts'],
          summary: 'What a change of thresholds or parameters would have done to the alerts of the last days',
          body,
          response: { 200: answer },
        },
      },
      async (request, reply) => {
        const { days, ...edit } = request.body;
        const devices = findTrialDevices(registry, edit);
        const toMs = now();
        const range = { fromMs: toMs - days * DAY_MS, toMs };
        const told = await runs.run(request, reply, (run) => tryOut(dependencies, devices, range, run));
        const { pairs, readings } = told;
        return {
          ...{
            from: formatTime(range.fromMs),
            to: formatTime(toMs),
            days,
            devices: devices.length,
            readings,
          },
          ...countAlerts(pairs),
          rules: [...Map.groupBy(pairs, ({ rule }) => rule)]
            .map(([rule, ofRule]) => ({ rule, ...countAlerts(ofRule) }))
            .sort((a, b) => (a.rule < b.rule ? -1 : 1)),
          alerts: pairs.slice(-MAX_ALERTS).map(formatPair),
          leftOut: Math.max(0, pairs.length - MAX_ALERTS),
        };
      },
    );
  };

/** Throws Problem 422 where the city would not be sound, or where no stored reading can say anything of it. */
function findTrialDevices(registry: LiveRegistry, edit: Edit & { entry: Entry | null }): TrialDevice[] {
  const { cityNow, state } = registry;
  const concerned = edit.entry ?? currentEntry(state, edit.list, edit.id);
  if (!concerned) {
    throw new Problem(422, 'nothing-to-try', `There is no ${edit.list}.${edit.id} to be removed.`);
  }
  let city: City;
  try {
    city = registry.tryEdits([edit]);
  } catch (error) {
    throw toProblem(error);
  }
  const isConcerned = concernedBy(edit.list, concerned);
  const [before, after] = [sidesOf(cityNow, isConcerned), sidesOf(city, isConcerned)];
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  if (ids.length === 0) {
    const detail = 'It moves no threshold and no parameter of a device that is judged by its readings.';
    throw new Problem(422, 'nothing-to-try', detail);
  }
  if (ids.length > MAX_DEVICES) {
    const detail = `It concerns ${ids.length} devices; at most ${MAX_DEVICES} are tried at once: ask for a group, or one.`;
    throw new Problem(413, 'too-many-devices', detail);
  }
  return ids.map((id) => ({ before: before.get(id), after: after.get(id) }));
}

/** Of a device: itself. Of parameters: all of the rule's kind that they are for. */
function concernedBy(list: EntryList, entry: Entry): (site: DeviceSite) => boolean {
  if (list === 'devices') return ({ id }) => id === entry['id'];
  if (list !== 'alertRules') return () => false;
  const { rule, group, device } = entry;
  const kind = trackRules.find(({ name }) => name === rule)?.kind;
  return (site) =>
    site.kind === kind &&
    (device === undefined || site.id === device) &&
    (group === undefined || groupOf({ ...site, site }) === group);
}

function sidesOf(city: City, isConcerned: (site: DeviceSite) => boolean): Map<string, TrialSide> {
  const { overrides } = judgedBy(city);
  const judged = new Set(trackRules.map(({ kind }) => kind));
  const sides = city.devices
    .filter((site) => judged.has(site.kind) && isConcerned(site))
    .map(({ id, kind, name, lat, lng, ...site }) => {
      const device = { id, kind, name, lat, lng, site: { id, kind, name, lat, lng, ...site } };
      return [id, { device, overrides: ofDevice(overrides, id) }] as const;
    });
  return new Map(sides);
}

/** Without those of other devices: there may be thousands, and they go into the thread for each device. */
function ofDevice(overrides: readonly ParameterOverride[], id: string): ParameterOverride[] {
  return overrides.filter(({ device }) => device === undefined || device === id);
}

async function tryOut(
  { history }: Pick<ChangeTrialDependencies, 'history'>,
  devices: readonly TrialDevice[],
  range: { readonly fromMs: number; readonly toMs: number },
  run: Run,
): Promise<{ pairs: readonly TrialPair[]; readings: number }> {
  let readings = 0;
  for (const trial of devices) {
    const { id, kind } = ((trial.after ?? trial.before) as TrialSide).device;
    await run.thread.call('beginDevice', trial);
    for await (const page of readPages(history, { kind, device: id, ...range }, run, MAX_READINGS)) {
      readings += page.length;
      if (readings > MAX_READINGS) throw tooManyReadings(MAX_READINGS);
      await run.thread.call('takeReadings', page);
    }
  }
  return { pairs: await run.thread.call('finishTrial', undefined), readings };
}

function countAlerts(pairs: readonly TrialPair[]): { before: number; after: number } {
  return {
    before: pairs.filter(({ before }) => before).length,
    after: pairs.filter(({ after }) => after).length,
  };
}

function formatPair({ device, rule, before, after }: TrialPair) {
  return { device, rule, before: formatAlert(before), after: formatAlert(after) };
}

function formatAlert(tried: TrialAlert | undefined): z.infer<typeof alert> | null {
  if (!tried) return null;
  const { startedAt, endedAt, highestSeverity, peak } = tried;
  return {
    startedAt: formatTime(startedAt),
    endedAt: endedAt === undefined ? null : formatTime(endedAt),
    highestSeverity,
    peak: peak ?? null,
  };
}
