/**
 * The automatic dispatcher of the demo: takes simulated calls and serves them through the public API only.
 *
 *   call → reported → (every 3 s: look, decide, do) → units assigned, replaced where silent → closed
 *
 * It knows nothing that a person at the desk would not see, and takes up what a run before it left open. Invariants:
 * each call is reported once and each decision has an idempotency key of its own; no more than MAX_OPEN cases are
 * open, further calls are counted as unanswered; a refusal or a lost connection is counted, and the case is looked at
 * again.
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

export function createDispatcherTotals(): DispatcherTotals {
  return {
    ...{ reported: 0, closed: 0, assigned: 0, replaced: 0, unanswered: 0, refusals: 0, failures: 0 },
    lastProblem: undefined,
  };
}

export interface DispatcherParts {
  readonly api: SiagaApi;
  readonly nextCall: () => Call;
  readonly clock: Clock;
  /** Tells this run's idempotency keys from those of another. */
  readonly run: string;
}

type Assign = Extract<Deed, { do: 'assign' }>;

export class Dispatcher {
  readonly totals = createDispatcherTotals();
  readonly #parts: DispatcherParts;
  /** Incident → not looked at before, epoch ms. */
  readonly #cases = new Map<number, number>();
  #calls = 0;
  #deeds = 0;
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;
  #cancelCall: Cancel | undefined;
  #cancelLook: Cancel | undefined;

  private constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** It works until it is stopped. */
  static start(parts: DispatcherParts): Dispatcher {
    const dispatcher = new Dispatcher(parts);
    dispatcher.#enqueue(() => dispatcher.#takeUpWhatIsOpen());
    dispatcher.#keepCalling(parts.nextCall());
    dispatcher.#keepLooking();
    return dispatcher;
  }

  get open(): number {
    return this.#cases.size;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelCall?.();
    this.#cancelLook?.();
    await this.#work;
  }

  /** One thing after another: a dispatcher has two hands. */
  #enqueue(deed: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(deed);
    return this.#work;
  }

  /** What a run before this one left open is served too. */
  async #takeUpWhatIsOpen(): Promise<void> {
    await this.#attempt(async () => {
      for (const id of await this.#parts.api.listSimulated()) this.#cases.set(id, 0);
    });
  }

  #keepCalling(call: Call): void {
    const { clock, nextCall } = this.#parts;
    this.#cancelCall = clock.after(call.gapMs, () => {
      this.#enqueue(() => this.#report(call));
      this.#keepCalling(nextCall());
    });
  }

  #keepLooking(): void {
    if (this.#isStopped) return;
    this.#cancelLook = this.#parts.clock.after(LOOK_EVERY_MS, () =>
      this.#enqueue(() => this.#look()).then(() => this.#keepLooking()),
    );
  }

  async #report(call: Call): Promise<void> {
    const { api, run } = this.#parts;
    const key = `sim-${run}-call-${++this.#calls}`;
    const isReported =
      this.#cases.size < MAX_OPEN &&
      (await this.#attempt(async () => {
        const { id } = await api.report(call, key);
        this.#cases.set(id, 0);
      }));
    if (isReported) this.totals.reported++;
    else this.totals.unanswered++;
  }

  async #look(): Promise<void> {
    const { api, clock } = this.#parts;
    for (const [id, notBeforeMs] of [...this.#cases]) {
      if (clock.now() < notBeforeMs) continue;
      await this.#attempt(async () => {
        const incident = await api.read(id);
        if (!incident.open) this.#cases.delete(id);
        for (const deed of planNextDeeds(incident, clock.now()))
          await this.#attempt(() => this.#carryOut(incident, deed));
      });
    }
  }

  async #carryOut(incident: IncidentView, deed: Deed): Promise<void> {
    if (deed.do === 'wait') return;
    if (deed.do === 'assign') return this.#assign(incident, deed);
    await this.#parts.api.close(incident.id, deed.outcome);
    this.#cases.delete(incident.id);
    this.totals.closed++;
  }

  async #assign(incident: IncidentView, { role, replaces }: Assign): Promise<void> {
    const { api, clock, run } = this.#parts;
    const { candidates, hospital } = await api.propose(incident.id, role);
    // Where a transport unit comes anyway, only a motorcycle is worth sending ahead of it.
    const isAhead = role === 'first-aid' && incident.needsTransport;
    const candidate = candidates.find((each) => !isAhead || !each.canTransport);
    if (!candidate) {
      this.#cases.set(incident.id, clock.now() + RETRY_AFTER_MS);
      return;
    }
    const request: AssignmentRequest = {
      unit: candidate.unit,
      unitVersion: candidate.unitVersion,
      role,
      ...(role === 'transport' && hospital ? { hospital } : {}),
      ...(candidate.warnings.length > 0 ? { forceReason: 'simulated: the best there is' } : {}),
      ...(replaces === undefined ? {} : { replaces }),
    };
    await api.assign(incident.id, request, `sim-${run}-deed-${++this.#deeds}`);
    this.totals.assigned++;
    if (replaces !== undefined) this.totals.replaced++;
  }

  async #attempt(deed: () => Promise<void>): Promise<boolean> {
    try {
      await deed();
      return true;
    } catch (error) {
      if (error instanceof ApiRefusal) this.totals.refusals++;
      else this.totals.failures++;
      this.totals.lastProblem = (error as Error).message;
      return false;
    }
  }
}

/** `112: 3 open, 5 closed, 9 sent`, and what went wrong, if anything did. */
export function describeDispatcher({ totals, open }: Pick<Dispatcher, 'totals' | 'open'>): string {
  const { closed, assigned, replaced, unanswered, failures, lastProblem } = totals;
  const parts = [`${open} open`, `${closed} closed`, `${assigned} sent`];
  if (replaced > 0) parts.push(`${replaced} replaced`);
  if (unanswered > 0) parts.push(`${unanswered} unanswered`);
  if (unanswered + failures > 0 && lastProblem) parts.push(`${failures} failed (${lastProblem})`);
  return `112: ${parts.join(', ')}`;
}
