/**
 * The simulated city: one device with its own behaviour for each that the city's folder names.
 *
 * Puts the parts together (story, roads, faults, connections) and starts them. Invariant: the same city,
 * seed and options give the same plan; only the real clock and the network differ from run to run.
 */
import type { City } from '../cities/city.ts';
import { publishersOf } from '../cities/publishers.ts';
import { type AmbulanceUnit, isAmbulance } from '../devices/kinds/ambulance.ts';
import { isHospital } from '../devices/kinds/hospital.ts';
import { isRiverGauge, type RiverGauge, riverGauge } from '../devices/kinds/river-gauge.ts';
import { isAccessPoint } from '../devices/kinds/wifi-access-point.ts';
import type { DeviceSite } from '../devices/site.ts';
import { Ambulance, USUAL_CREW } from './ambulances/ambulance.ts';
import { DEMO_PACE } from './ambulances/duty.ts';
import { createShadows } from './ambulances/gps.ts';
import { createRoadMap } from './ambulances/road-map.ts';
import { createAnyDevice } from './any-device.ts';
import type { Clock } from './clock.ts';
import type { Credentials } from './credentials.ts';
import { type ConnectionSettings, DeviceConnection } from './device/connection.ts';
import { type Behaviour, type DeviceLink, SimulatedDevice } from './device/device.ts';
import { encoderOf } from './device/formats/encoder.ts';
import { Gateway } from './device/gateway.ts';
import type { OutboxBounds } from './device/outbox.ts';
import { type FaultName, type FaultPlan, planFaults } from './faults.ts';
import { type FleetRun, startFleet } from './fleet-run.ts';
import { type FormatsPlan, planFormats } from './formats-plan.ts';
import { createHospital } from './hospitals/hospital.ts';
import { createRandom, type Random } from './random.ts';
import { createFlood } from './rivers/flood.ts';
import { createFloodStory, type FloodPhase, type FloodStory } from './rivers/flood-story.ts';
import { createRiverGauge } from './rivers/river-gauge.ts';
import { tideM } from './rivers/tide.ts';
import { createStoryClock, type LedStoryClock, type StoryClock } from './story-clock.ts';
import type { Totals } from './totals.ts';
import { createAccessPoint } from './wifi/access-point.ts';

export interface CityOptions {
  readonly city: City;
  readonly url: string;
  readonly credentials: Credentials;
  readonly seed: number;
  /** Story seconds per real second; by default the first flood has passed within five minutes. */
  readonly speed: number | undefined;
  /** Kinds that do not take part. */
  readonly without: ReadonlySet<string>;
  readonly faults: ReadonlySet<FaultName>;
  /** Formats that its devices speak, each those of its kinds; the server must know who speaks what. */
  readonly formats: ReadonlySet<string>;
  /** Chance that an order to an ambulance gets no answer, and that it is refused. */
  readonly silentChance: number | undefined;
  readonly refuseChance: number | undefined;
  /** Whether crews also come across patients of their own; off while a dispatcher sends them. */
  readonly ownCases: boolean;
  /** How devices reach the server; over MQTT unless given. */
  readonly link?: (settings: ConnectionSettings) => DeviceLink;
}

export interface CityRun {
  readonly fleet: FleetRun;
  readonly faultLines: readonly string[];
  readonly speed: number;
  /** "rain", "peak at Bendung Simongan", with what is broken at the moment. */
  describeStory(nowMs: number): string;
  /** The time of its weather, for who leads it. */
  readonly story: LedStoryClock;
  /** Lets the next flood begin; false where one is under way or no river takes part. */
  sendFlood(nowMs: number): boolean;
  /** The same as chapters; undefined where no river takes part. */
  storyOf(nowMs: number): RiverStory | undefined;
}

/** What the rivers do at an instant, and which. */
export interface RiverStory {
  readonly phase: FloodPhase;
  readonly leaders: readonly RiverGauge[];
}

/** Hours of readings every five seconds, or a few days at one a minute: what a small flash chip holds. */
const OUTBOX: OutboxBounds = { maxWaiting: 5_000, maxInFlight: 8 };
/** One drive in four from a standby is for a patient of the crew's own, where no dispatcher sends them. */
const OWN_CASE_CHANCE = 0.25;

interface Stage {
  readonly options: CityOptions;
  readonly clock: Clock;
  readonly totals: Totals;
  readonly story: StoryClock;
  readonly floods: FloodStory;
  readonly faults: FaultPlan;
  readonly formats: FormatsPlan;
  /** By their names, as they are needed. */
  readonly gateways: Map<string, Gateway>;
  readonly startHour: number;
  readonly roads: ReturnType<typeof createRoadMap> | undefined;
  readonly shadows: ReturnType<typeof createShadows>;
}

export function startCity(options: CityOptions, clock: Clock, totals: Totals): CityRun {
  const { city, seed } = options;
  const startedAt = clock.now();
  const gauges = city.devices.filter(isRiverGauge);
  const floods = createFloodStory(gauges, seed);
  const mainRiver = new Set(createFlood(gauges, seed, 0).main.map(({ gauge }) => gauge.id));
  const story = createStoryClock(startedAt, options.speed ?? floods.defaultSpeed);
  const roads = city.roads && createRoadMap(city.roads);
  const formats = planFormats(city, options.formats);
  const spared = mainRiver.union(formats.foreign);
  const stage: Stage = {
    options,
    clock,
    totals,
    story,
    floods,
    faults: planFaults(city, options.faults, spared, seed, startedAt),
    formats,
    gateways: new Map(),
    startHour: localHour(startedAt, city.timeZone),
    roads,
    shadows: createShadows(roads?.junctions ?? [], createRandom(seed, 'gps shadows')),
  };
  const devices = publishersOf(city)
    .filter((each) => !options.without.has(each.kind))
    .map((each) => createDevice(each, stage));
  totals.devices = devices.length;
  const fleet = startFleet(devices, stage.faults.cuts, clock, createRandom(seed, 'boot'));
  return {
    fleet,
    faultLines: stage.faults.lines,
    speed: story.speed,
    story,
    sendFlood(nowMs) {
      const next = options.without.has(riverGauge.name)
        ? undefined
        : floods.nextRainMin(story.minutes(nowMs));
      if (next !== undefined) story.jumpTo(next, nowMs);
      return next !== undefined;
    },
    describeStory(nowMs) {
      const rivers = !options.without.has(riverGauge.name) ? [floods.describe(story.minutes(nowMs))] : [];
      return [...rivers, ...fleet.activeCuts()].join(', ');
    },
    storyOf(nowMs) {
      if (options.without.has(riverGauge.name)) return undefined;
      const minute = story.minutes(nowMs);
      const leaders = floods.leaders(minute);
      return leaders.length === 0 ? undefined : { phase: floods.phase(minute), leaders };
    },
  };
}

function createDevice(site: DeviceSite, stage: Stage): SimulatedDevice {
  const { options, clock } = stage;
  const random = createRandom(options.seed, site.id);
  const { id, kind } = site;
  const identity = { city: options.city.id, kind, id, password: options.credentials.get(id) };
  const encoder = encoderOf(stage.formats.encoderOf(id));
  const create: CreateDevice = (behaviour, onCommand) => {
    const connection =
      encoder.gateway === undefined
        ? openLink(stage, identity, random, {
            formatPresence: encoder.formatPresence ?? 'nothing',
            ...(encoder.begin ? { onConnecting: encoder.begin } : {}),
            ...(onCommand ? { onCommand } : {}),
          })
        : gatewayOf(stage, encoder.gateway).linkOf(identity, encoder);
    const faults = stage.faults.hooks(id);
    return new SimulatedDevice({ identity, connection, behaviour, encoder, faults, clock, random });
  };
  if (isRiverGauge(site)) {
    const { floods } = stage;
    const water = {
      stageM: (gauge: string, minute: number) =>
        site.tidal ? tideM(site, minute) : floods.stageM(gauge, minute),
      rainMm: floods.rainMm,
    };
    return create(createRiverGauge(site, water, stage.story, random));
  }
  if (isAccessPoint(site)) {
    const calmUntilMin = stage.floods.firstFloodEndsMin;
    return create(createAccessPoint(site, stage.startHour, stage.story, random, calmUntilMin));
  }
  if (isHospital(site)) return create(createHospital(site, stage.startHour, stage.story, random));
  if (isAmbulance(site)) return createAmbulanceDevice(site, stage, random, create);
  return create(createAnyDevice(site, clock, random));
}

function openLink(
  { options, clock, totals }: Stage,
  identity: ConnectionSettings['identity'],
  random: Random,
  more: Partial<ConnectionSettings>,
): DeviceLink {
  const open = options.link ?? ((settings) => new DeviceConnection(settings));
  const firmware = `sim-${identity.kind} 1.0`;
  return open({ url: options.url, identity, firmware, bounds: OUTBOX, clock, random, totals, ...more });
}

/** Who sends for the devices of a format that has no connections of their own. */
function gatewayOf(stage: Stage, id: string): Gateway {
  const { options, gateways, totals } = stage;
  const known = gateways.get(id);
  if (known) return known;
  const identity = { city: options.city.id, kind: 'gateway', id, password: options.credentials.get(id) };
  const connection = openLink(stage, identity, createRandom(options.seed, id), {
    formatPresence: 'nothing',
    carries: () => gateway.devices,
  });
  const gateway = new Gateway(connection, totals);
  gateways.set(id, gateway);
  return gateway;
}

type CreateDevice = (behaviour: Behaviour, onCommand?: (payload: Buffer) => void) => SimulatedDevice;

function createAmbulanceDevice(
  unit: AmbulanceUnit,
  { options, clock, roads, shadows }: Stage,
  random: Random,
  create: CreateDevice,
): SimulatedDevice {
  const ambulance = new Ambulance({
    unit,
    city: options.city,
    roads,
    shadows,
    pace: DEMO_PACE,
    crew: {
      ...USUAL_CREW,
      silentChance: options.silentChance ?? USUAL_CREW.silentChance,
      refuseChance: options.refuseChance ?? USUAL_CREW.refuseChance,
    },
    ownCaseChance: options.ownCases ? OWN_CASE_CHANCE : 0,
    clock,
    random,
    acknowledge: (answer) => device.acknowledge(answer),
    reportNow: () => device.report(),
  });
  const device = create(ambulance, (payload) => ambulance.onCommand(payload));
  return device;
}

/** The hour of the day, with its fraction, on a clock of the city. */
function localHour(nowMs: number, timeZone: string): number {
  const { hour, minute } = Temporal.Instant.fromEpochMilliseconds(Math.floor(nowMs)).toZonedDateTimeISO(
    timeZone,
  );
  return hour + minute / 60;
}
