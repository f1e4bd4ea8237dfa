/**
 * The desk's map: opened after the page's first paint, filled at each drawing, moved on between drawings while a unit
 * glides.
 *
 *   not wanted yet → loading → drawn, or listed (no WebGL, the library did not come, the graphics were lost)
 *
 * Invariants: the desk never waits for the map; what the map would show is a list in words wherever it is not drawn; no
 * frame is drawn while nothing moves.
 */
import { type CityMap, type Frame, openCityMap } from '../map/city-map.ts';
import { type Ground, readGround } from '../map/ground.ts';
import { canDrawMaps, loadMapLibrary } from '../map/library.ts';
import type { ApiClient } from '../state/api/api-client.ts';
import type { City, LngLat } from '../state/api/api-shapes.ts';
import type { Position } from '../state/dispatch/call-place.ts';
import type { DeskCalls } from '../state/dispatch/desk-calls.ts';
import { createGlides } from '../state/map/glides.ts';
import type { Word } from '../state/words/words-id.ts';
import { byId, setOptionalText, setText } from '../views/dom.ts';
import type { Proposed } from '../views/incidents/candidate-list.ts';
import type { Room } from '../views/room.ts';
import { type UnitNow, unitsNow } from '../views/units-view.ts';
import { type CandidateLine, CandidateRoutes } from './candidate-routes.ts';
import { createDeskMarks, type DeskMarks, type Marked, type UnitShown } from './desk-marks.ts';
import { MapLayers } from './map-layers.ts';
import { showMapList } from './map-list.ts';

/** What the map is given at each drawing, besides the city. */
export interface AtWork {
  /** Where help is wanted: of the form, or of the incident in hand. */
  readonly at: Position | undefined;
  /** In the order of their numbers. */
  readonly candidates: readonly Proposed[];
}

export interface DeskMapOptions {
  readonly client: ApiClient;
  readonly calls: Pick<DeskCalls, 'readRoutes' | 'readCallHeat' | 'readCoverage'>;
  readonly onPlace: (at: Position) => void;
  readonly onUnit: (unit: string) => void;
  readonly onIncident: (incident: number) => void;
}

interface Opened {
  readonly map: CityMap;
  readonly marks: DeskMarks;
  readonly ground: Ground;
}

export class DeskMap {
  readonly #options: DeskMapOptions;
  readonly #glides = createGlides(
    () => performance.now(),
    () => matchMedia('(prefers-reduced-motion: reduce)').matches,
  );
  #isWanted = false;
  #opened: Opened | undefined;
  /** Why there is a list. */
  #problem: Word | undefined;
  #room: Room | undefined;
  #work: AtWork = { at: undefined, candidates: [] };
  #frame = 0;
  readonly #routes: CandidateRoutes;
  readonly #layers: MapLayers;
  /** The place that the map was moved to. */
  #framed: string | undefined;

  constructor(options: DeskMapOptions) {
    this.#options = options;
    this.#routes = new CandidateRoutes(options.calls, () => this.#drawGround());
    this.#layers = new MapLayers(options.calls, () => this.#drawGround());
    byId('map-again').addEventListener('click', () => void this.#open());
    byId('map-in').addEventListener('click', () => this.#opened?.map.zoomBy(1));
    byId('map-out').addEventListener('click', () => this.#opened?.map.zoomBy(-1));
    byId('map-all').addEventListener('click', () => this.#opened?.map.showAll());
    byId('map-size').addEventListener('click', () => this.switchSize());
  }

  update(room: Room, work: AtWork): void {
    const { at: before } = this.#work;
    this.#room = room;
    this.#work = work;
    this.#sayState(room);
    if (!this.#isWanted) {
      this.#isWanted = true;
      // The desk is there before its map is asked for.
      requestAnimationFrame(() => setTimeout(() => void this.#open()));
    }
    this.#glides.keep(new Set(room.state.devices.keys()));
    for (const { device, lat, lng } of unitsNow(room)) {
      if (lat === undefined || lng === undefined) continue;
      this.#glides.set(device.id, { lat, lng, measuredAt: device.measuredAt });
    }
    this.#draw();
    this.#opened?.marks.cover();
    const { at } = work;
    if (at && (at.lat !== before?.lat || at.lng !== before.lng)) this.#opened?.map.bring([at.lng, at.lat]);
    this.#drawGround();
  }

  /** What lies on the ground, below the marks: not at each step of a unit, for the ground is drawn anew. */
  #drawGround(): void {
    const room = this.#room;
    if (!room) return;
    const { at, candidates } = this.#work;
    const lines = this.#routes.lines(at, candidates, (unit) => this.#glides.at(unit));
    this.#layers.update(candidates[0], room.speech);
    this.#opened?.map.drawLines(lines);
    this.#frameWork(lines);
    this.#opened?.map.drawCells(this.#layers.cells());
    byId('map-lines').hidden = !lines.some(({ by }) => by === 'straight');
    if (this.#problem) this.#showList(room);
  }

  /** Once for each place of work, when it is known who would drive there. */
  #frameWork(lines: readonly CandidateLine[]): void {
    const { at } = this.#work;
    const place = at && `${at.lat},${at.lng}`;
    if (!this.#opened || lines.length === 0 || place === this.#framed) return;
    this.#framed = place;
    this.#opened.map.frame(lines.flatMap(({ line }) => line));
  }

  switchLayer(name: 'calls' | 'coverage'): void {
    this.#layers.switch(name);
  }

  #showList(room: Room): void {
    showMapList(this.#mark(room), this.#layers.sentences(room.speech));
  }

  /** Beside the work, or over it. */
  switchSize(): void {
    const isLarge = byId('desk').toggleAttribute('data-large-map');
    byId('map-size').setAttribute('aria-pressed', String(isLarge));
  }

  #sayState({ speech }: Room): void {
    const { ground, map } = this.#opened ?? {};
    const waiting = this.#problem ?? (map ? undefined : 'mapLoading');
    setOptionalText(byId('map-state'), waiting && speech.word(waiting));
    byId('map-again').hidden = this.#problem !== 'mapNotLoaded';
    byId('map-list').hidden = !this.#problem;
    byId('map-field').hidden = this.#problem !== undefined;
    map?.setLabel(speech.word('mapCanvas'));
    byId('map-licence').hidden = ground?.attribution === undefined;
    setText(byId('map-source'), ground?.attribution ?? speech.word('sketch'));
  }

  async #open(): Promise<void> {
    this.#problem = undefined;
    if (!canDrawMaps()) return this.#list('mapNotDrawn');
    try {
      const city = (this.#room as Room).state.city;
      const [library, ground] = await Promise.all([loadMapLibrary(), readGround(this.#options.client, city)]);
      const room = this.#room as Room;
      const map = openCityMap({
        ...{ library, ground, frame: frameOf(city), label: room.speech.word('mapCanvas') },
        container: byId('map-canvas'),
        hasPageBelow: matchMedia('(max-width: 719px)').matches,
        onClick: ([lng, lat]) => this.#options.onPlace({ lat, lng }),
        onMoved: () => this.#draw(),
        onLost: () => this.#list('mapLost'),
      });
      this.#opened = { map, ground, marks: createDeskMarks({ map, ...this.#options }) };
      this.#sayState(room);
      this.#draw();
    } catch (error) {
      console.warn('the map', error);
      this.#list('mapNotLoaded');
    }
  }

  #list(problem: Word): void {
    this.#problem = problem;
    if (!this.#room) return;
    this.#sayState(this.#room);
    this.#showList(this.#room);
  }

  #draw(): void {
    if (!this.#opened || this.#problem || !this.#room) return;
    this.#opened.marks.update(this.#mark(this.#room));
    if (this.#frame === 0 && this.#glides.isMoving()) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#draw();
      });
    }
  }

  #mark(room: Room): Marked {
    const proposed = new Map(
      this.#work.candidates.map(({ candidate: { unit, callSign, etaS } }, index) => [
        unit,
        { rank: index + 1, callSign, etaS },
      ]),
    );
    const units = unitsNow(room).flatMap((unit): UnitShown[] => {
      const at = this.#glides.at(unit.device.id);
      if (!at) return [];
      const own = proposed.get(unit.device.id);
      return [{ ...unit, lng: at[0], lat: at[1], proposed: own, accuracyM: readAccuracy(unit) }];
    });
    return { room, units, call: this.#work.at };
  }
}

function readAccuracy({ device }: UnitNow): number | undefined {
  const { accuracyM } = device.values;
  return typeof accuracyM === 'number' && accuracyM > 0 ? accuracyM : undefined;
}

/** Some 5 km: what lies closer together says nothing of how large the city is. */
const LEAST_SPAN_DEGREES = 0.05;

/** All that stands still; the bounds of a city that has little yet. */
function frameOf({ bounds, gauges, hospitals, roads }: City): Frame {
  const points: LngLat[] = [
    ...[...gauges, ...hospitals].map(({ lng, lat }): LngLat => [lng, lat]),
    ...roads.flatMap(({ line }) => line),
  ];
  const least = (axis: 0 | 1) => points.reduce((low, point) => Math.min(low, point[axis]), 180);
  const most = (axis: 0 | 1) => points.reduce((high, point) => Math.max(high, point[axis]), -180);
  const span = Math.max(most(0) - least(0), most(1) - least(1));
  if (span < LEAST_SPAN_DEGREES) return [bounds.west, bounds.south, bounds.east, bounds.north];
  return [least(0), least(1), most(0), most(1)];
}
