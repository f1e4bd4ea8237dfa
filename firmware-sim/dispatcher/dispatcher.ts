/**
 * The automatic dispatcher of the demo: takes simulated calls and serves them through the public API only.
 *
 *   call → reported → (every 3 s: look, decide, do) → units assigned, replaced where silent → closed
 *
 * It knows nothing that a person at the desk would not see, and takes up what a run before it left open. Invariants: each call is reported once and each
 * decision has an idempotency key of its own; no more than MAX_OPEN cases are open, further calls are counted as
 * unanswered; a refusal or a lost connection is counted, and the case is looked at again.
 */
import type { Cancel, Clock } from '../clock.ts';
import { type Deed, type IncidentView, planNextDeeds } from './case-plan.ts';
import type { Call } from './incident-stream.ts';
import { ApiRefusal, type AssignmentRequest, type SiagaApi } from './siaga-api.ts';

const LOOK_EVERY_MS = 3_000;
/** More than the units of a city can serve at once; beyond it a real desk would be engaged too. */
const MAX_OPEN = 40;
/** Where nobody could be sent, the question is asked again after this. */
const RETRY_AFTER_MS = 15_000;

export interface DispatcherTotals {
  reported: number;
  closed: number;
  assigned: number;
  /** Assignments that took the place of one without an answer. */
  replaced: number;
  /** Calls that found MAX_OPEN cases open, or the API away. */
  unanswered: number;
  refusals: number;
  failures: number;
  lastProblem: string | undefined;
}

export interface Dispatcher {
  readonly totals: DispatcherTotals;
  readonly open: number;
  stop(): Promise<void>;
}

export interface DispatcherParts {
  readonly api: SiagaApi;
  readonly nextCall: () => Call;
  readonly clock: Clock;
  /** Tells this run's idempotency keys from those of another. */
  readonly run: string;
}

export function startDispatcher({ api, nextCall, clock, run }: DispatcherParts): Dispatcher {
  const totals: DispatcherTotals = {
    reported: 0,
    closed: 0,
    assigned: 0,
    replaced: 0,
    unanswered: 0,
    refusals: 0,
    failures: 0,
    lastProblem: undefined,
  };
  /** Incident → not looked at before, epoch ms. */
  const cases = new Map<number, number>();
  let calls = 0;
  let deeds = 0;
  let work: Promise<void> = Promise.resolve();
  let stopped = false;
  let cancelCall: Cancel;
  let cancelLook: Cancel;

  const attempt = async (deed: () => Promise<void>): Promise<boolean> => {
    try {
      await deed();
      return true;
    } catch (error) {
      if (error instanceof ApiRefusal) totals.refusals++;
      else totals.failures++;
      totals.lastProblem = (error as Error).message;
      return false;
    }
  };

  const report = async (call: Call) => {
    const key = `sim-${run}-call-${++calls}`;
    const reported =
      cases.size < MAX_OPEN &&
      (await attempt(async () => {
        const { id } = await api.report(call, key);
        cases.set(id, 0);
      }));
    if (reported) totals.reported++;
    else totals.unanswered++;
  };

  const carryOut = async (incident: IncidentView, deed: Deed) => {
    if (deed.do === 'wait') return;
    if (deed.do === 'close') {
      await api.close(incident.id, deed.outcome);
      cases.delete(incident.id);
      totals.closed++;
      return;
    }
    const { candidates, hospital } = await api.propose(incident.id, deed.role);
    // Where a transport unit comes anyway, only a motorcycle is worth sending ahead of it.
    const isAhead = deed.role === 'first-aid' && incident.needsTransport;
    const candidate = candidates.find((each) => !isAhead || !each.canTransport);
    if (!candidate) {
      cases.set(incident.id, clock.now() + RETRY_AFTER_MS);
      return;
    }
    const request: AssignmentRequest = {
      unit: candidate.unit,
      unitVersion: candidate.unitVersion,
      role: deed.role,
      ...(deed.role === 'transport' && hospital ? { hospital } : {}),
      ...(candidate.warnings.length > 0 ? { forceReason: 'simulated: the best there is' } : {}),
      ...(deed.replaces === undefined ? {} : { replaces: deed.replaces }),
    };
    await api.assign(incident.id, request, `sim-${run}-deed-${++deeds}`);
    totals.assigned++;
    if (deed.replaces !== undefined) totals.replaced++;
  };

  const look = async () => {
    for (const [id, notBeforeMs] of [...cases]) {
      if (clock.now() < notBeforeMs) continue;
      await attempt(async () => {
        const incident = await api.read(id);
        if (!incident.open) cases.delete(id);
        for (const deed of planNextDeeds(incident, clock.now()))
          await attempt(() => carryOut(incident, deed));
      });
    }
  };

  // One thing after another: a dispatcher has two hands.
  const enqueue = (deed: () => Promise<void>) => {
    work = work.then(deed);
    return work;
  };
  const keepCalling = (call: Call) => {
    cancelCall = clock.after(call.gapMs, () => {
      enqueue(() => report(call));
      keepCalling(nextCall());
    });
  };
  const keepLooking = () => {
    if (!stopped) cancelLook = clock.after(LOOK_EVERY_MS, () => enqueue(look).then(keepLooking));
  };
  // What a run before this one left open is served too.
  enqueue(async () => {
    await attempt(async () => {
      for (const id of await api.listSimulated()) cases.set(id, 0);
    });
  });
  keepCalling(nextCall());
  keepLooking();
  return {
    totals,
    get open() {
      return cases.size;
    },
    async stop() {
      stopped = true;
      cancelCall();
      cancelLook();
      await work;
    },
  };
}

/** `112: 3 open, 5 closed, 9 sent`, and what went wrong, if anything did. */
export function describeDispatcher({ totals, open }: Dispatcher): string {
  const { closed, assigned, replaced, unanswered, failures, lastProblem } = totals;
  const parts = [`${open} open`, `${closed} closed`, `${assigned} sent`];
  if (replaced > 0) parts.push(`${replaced} replaced`);
  if (unanswered > 0) parts.push(`${unanswered} unanswered`);
  if (unanswered + failures > 0 && lastProblem) parts.push(`${failures} failed (${lastProblem})`);
  return `112: ${parts.join(', ')}`;
}
