/**
 * Drills: a flood that is played by twins of the city's gauges, while the gauges themselves go on measuring.
 *
 * Started and ended through the API, moved on by a periodic job. The twins' readings are simulated and go the way of
 * all readings, so that page, MQTT, CAP and people's channels say that it is an exercise. Invariants: one drill at a
 * time; it ends by itself, also where the server was down when its time came; when it has ended no twin is left, and
 * none comes back.
 */
import type { Logger } from 'pino';
import { EditsRefusedError } from '../cities/change-city.ts';
import { type Edit, formatEditProblem } from '../cities/judge-edits.ts';
import type { Database } from '../database/database.ts';
import { formatDeviceTopic } from '../devices/topics.ts';
import type { LiveRegistry } from '../fleet/registry.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import { type Drill, findDrill, findUnderWay, listDrills, readDrill } from './drill-records.ts';
import {
  findScenarioProblems,
  isTwin,
  levelAt,
  makeTwins,
  type Scenario,
  type Twin,
  twinId,
} from './scenario.ts';

/** Why a drill cannot start; `problems` holds every reason, as sentences. */
export class DrillError extends Error {
  readonly code: 'drill-under-way' | 'scenario-not-possible';
  readonly problems: readonly string[];
  constructor(code: DrillError['code'], problems: readonly string[]) {
    super(problems.join('; '));
    this.code = code;
    this.problems = problems;
  }
}

export interface DrillsOptions {
  readonly database: Database;
  readonly registry: Pick<LiveRegistry, 'city' | 'cityNow' | 'change' | 'follow'>;
  readonly pipeline: Pick<Pipeline, 'accept'>;
  readonly log: Logger;
  readonly now: () => number;
}

interface Played {
  readonly drill: Drill;
  readonly twins: readonly Twin[];
  lastSentAt: number;
}

const MINUTE_MS = 60_000;

export class Drills {
  readonly #options: DrillsOptions;
  #played: Played | undefined;
  /** Starting and ending wait for each other. */
  #turn: Promise<unknown> = Promise.resolve();

  /** The city has changed since twins were looked for. */
  #mayHaveStrays = true;

  constructor(options: DrillsOptions) {
    this.#options = options;
    options.registry.follow(() => {
      this.#mayHaveStrays = true;
    });
  }

  /** One that a restart has interrupted goes on. */
  async resume(): Promise<void> {
    const { database, registry } = this.#options;
    const drill = await findUnderWay(database, registry.city);
    if (!drill) return;
    this.#play(drill);
    // A kill may have come before they were in the city.
    await this.#enter(this.#played?.twins ?? [], drill.startedBy);
  }

  get underWay(): Drill | undefined {
    return this.#played?.drill;
  }

  /** The newest first, at most fifty. */
  list(): Promise<readonly Drill[]> {
    return listDrills(this.#options.database, this.#options.registry.city);
  }

  find(id: number): Promise<Drill | undefined> {
    return findDrill(this.#options.database, this.#options.registry.city, id);
  }

  /** Throws DrillError. */
  start(scenario: Scenario, actor: string): Promise<Drill> {
    return this.#inTurn(async () => {
      const { database, log, now, registry } = this.#options;
      const running = this.#played?.drill;
      if (running) {
        const sentence = `drill ${running.id} (${running.scenario.name}) is under way: end it first`;
        throw new DrillError('drill-under-way', [sentence]);
      }
      const problems = [...findScenarioProblems(scenario, registry.cityNow)];
      if (problems.length > 0) throw new DrillError('scenario-not-possible', problems);
      const startedAt = now();
      const row = await database
        .insertInto('drills')
        .values({
          ...{
            city: registry.city,
            scenario: JSON.stringify(scenario),
            started_at: startedAt,
            started_by: actor,
          },
          ...{ ends_at: startedAt + scenario.minutes * MINUTE_MS, ended_at: null, ended_by: null },
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const drill = readDrill(row);
      try {
        await this.#enter(makeTwins(scenario, registry.cityNow), actor);
      } catch (error) {
        await database.deleteFrom('drills').where('id', '=', drill.id).execute();
        if (!(error instanceof EditsRefusedError)) throw error;
        // The city has changed meanwhile, or its other entries do not go with twins: it is the scenario that cannot be.
        throw new DrillError('scenario-not-possible', error.problems.map(formatEditProblem));
      }
      this.#play(drill);
      log.info({ drill: drill.id, name: scenario.name, by: actor }, 'a drill has begun');
      return drill;
    });
  }

  /** Undefined where no drill of this number is under way. */
  end(id: number, actor: string): Promise<Drill | undefined> {
    return this.#inTurn(() => this.#end(id, actor));
  }

  /** Moves the drill on; to be called each second. */
  async tick(): Promise<void> {
    const played = this.#played;
    if (!played) {
      if (this.#mayHaveStrays) await this.#inTurn(() => this.#removeStrays());
      return;
    }
    const { now } = this.#options;
    const { drill } = played;
    // A clock that was set back must not make it longer.
    if (now() >= drill.endsAt || now() < drill.startedAt - MINUTE_MS) {
      await this.#inTurn(() => this.#end(drill.id, undefined));
      return;
    }
    if (now() - played.lastSentAt < drill.scenario.everyS * 1_000) return;
    played.lastSentAt = now();
    await Promise.all(played.twins.map((twin) => this.#report(drill, twin)));
  }

  async #report({ startedAt }: Drill, { site, levels }: Twin): Promise<void> {
    const { now, pipeline, registry } = this.#options;
    const measuredAt = now();
    const levelM = levelAt(levels, (measuredAt - startedAt) / MINUTE_MS);
    const place = { city: registry.city, kind: site.kind, device: site.id, channel: 'telemetry' } as const;
    await pipeline.accept({
      topic: formatDeviceTopic(place),
      payload: Buffer.from(JSON.stringify({ measuredAt, levelM, simulated: true })),
      ...{ receivedAt: measuredAt, clientId: 'drill', identity: site.id },
    });
  }

  #play(drill: Drill): void {
    const { scenario } = drill;
    const { cityNow } = this.#options.registry;
    const own = new Set(scenario.gauges.map(({ gauge }) => twinId(gauge)));
    // After a restart the twins are devices of the city already.
    const city = { ...cityNow, devices: cityNow.devices.filter(({ id }) => !own.has(id)) };
    this.#played = { drill, twins: makeTwins(scenario, city), lastSentAt: Number.NEGATIVE_INFINITY };
  }

  async #enter(twins: readonly Twin[], actor: string): Promise<void> {
    const { now, registry } = this.#options;
    const edits: Edit[] = twins.map(({ site }) => ({ list: 'devices', id: site.id, entry: { ...site } }));
    await registry.change({ actor: `${actor} (drill)`, at: now(), makeEdits: async () => edits });
  }

  async #end(id: number, actor: string | undefined): Promise<Drill | undefined> {
    const { database, log, now, registry } = this.#options;
    if (this.#played?.drill.id !== id) return undefined;
    const { scenario } = this.#played.drill;
    const ids = scenario.gauges.map(({ gauge }) => twinId(gauge));
    await registry.change({
      ...{ actor: `${actor ?? 'siaga'} (drill)`, at: now() },
      // Somebody may have removed one, or given its id to a device that measures.
      makeEdits: async ({ now: city }) =>
        ids
          .filter((twin) => city.devices.some((device) => device.id === twin && isTwin(device)))
          .map((twin) => ({ list: 'devices', id: twin, entry: null })),
    });
    const row = await database
      .updateTable('drills')
      .set({ ended_at: now(), ended_by: actor ?? null })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    this.#played = undefined;
    log.info({ drill: id, by: actor }, 'the drill has ended');
    return readDrill(row);
  }

  /** Somebody has taken back what a drill or a person had removed: no drill would ever end it. */
  async #removeStrays(): Promise<void> {
    if (this.#played) return;
    this.#mayHaveStrays = false;
    const { log, now, registry } = this.#options;
    if (!registry.cityNow.devices.some(isTwin)) return;
    const written = await registry.change({
      ...{ actor: 'siaga (drill)', at: now() },
      makeEdits: async ({ now: city }) =>
        city.devices.filter(isTwin).map(({ id }) => ({ list: 'devices', id, entry: null })),
    });
    log.warn({ devices: written.map(({ entry }) => entry) }, 'twins that no drill plays were removed');
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
