/**
 * `GET /v1/devices` and `/v1/devices/{id}`: the registry with the present of each device.
 *
 * Reads registry and fleet only, in memory. Invariant: the order is by id, so that `after` pages without
 * gaps; the public sees public kinds, and a device that it may not see looks like one that does not exist.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { ID_PATTERN } from '../../devices/topics.ts';
import type { DeviceConnection } from '../../fleet/device-connection.ts';
import type { DeviceNow, Fleet } from '../../fleet/fleet.ts';
import type { RegisteredDevice, Registry } from '../../fleet/registry.ts';
import type { User } from '../access/access.ts';
import { inSlices, jsonPage, sendPage } from '../access/sliced-page.ts';
import { maySeeKind } from '../access/visibility.ts';
import { cursorInput, formatNext, nextOutput } from '../border/cursor.ts';
import { Problem } from '../border/problem.ts';
import { limitInput } from '../border/text-input.ts';
import {
  deviceDetailSchema,
  deviceSchema,
  formatConnection,
  formatDataHealth,
  formatDevice,
  LIVENESSES,
} from './device-json.ts';

export interface DevicesDependencies {
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly now: () => number;
  /** Of a device that was connected since our start. */
  readonly connectionOf?: (device: string) => DeviceConnection | undefined;
}

const DEFAULT_LIMIT = 500;
export const MAX_LIMIT = 1_000;
export const deviceId = z
  .string()
  .regex(ID_PATTERN, 'lower case letters, digits and hyphens, up to 64')
  .describe('The id of a device, as in its topic.')
  .meta({ example: 'kreo-cepoko' });
const kindName = z
  .enum([...deviceKinds.keys()] as [string, ...string[]])
  .describe('Devices of this kind only.')
  .meta({ example: 'river-gauge' });

const listQuery = z.strictObject({
  kind: kindName.optional(),
  liveness: z
    .enum(LIVENESSES)
    .describe('Only those whose word is as fresh as this.')
    .meta({ example: 'online' })
    .optional(),
  limit: limitInput(MAX_LIMIT, DEFAULT_LIMIT),
  after: deviceId.describe('Devices after this id: the next page.').optional(),
  cursor: cursorInput,
});

/** The registered device, or Problem 404: the same for one that this user may not see. */
export function findVisibleDevice(registry: Registry, user: User, id: string): RegisteredDevice {
  const device = registry.find(id);
  if (device && maySeeKind(user, device.kind)) return device;
  const detail = `There is no device ${id}, or it is not public and needs a token; GET /v1/devices lists them.`;
  throw new Problem(404, 'unknown-device', detail);
}

export const deviceRoutes =
  ({ registry, fleet, now, connectionOf }: DevicesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/devices',
      {
        config: { access: 'public', isPaged: true },
        schema: {
          operationId: 'listDevices',
          tags: ['devices'],
          summary: 'Devices with their last reading and liveness',
          querystring: listQuery,
          response: {
            200: z.object({
              total: z.int().describe('All that match, on every page.'),
              devices: z.array(deviceSchema),
              next: nextOutput,
            }),
          },
        },
      },
      async (request, reply) => {
        const { query, user, share, signal } = request;
        const { kind, liveness, limit, after } = query;
        const nowMs = now();
        const matching = registry.all().filter((device) => {
          if ((kind && device.kind !== kind) || !maySeeKind(user, device.kind)) return false;
          return !liveness || fleet.liveness(presentOf(fleet, device), nowMs) === liveness;
        });
        const start = after === undefined ? 0 : matching.findIndex(({ id }) => id > after);
        const page = start < 0 ? [] : matching.slice(start, start + limit);
        const last = page.at(-1);
        const hasMore = last !== undefined && last !== matching.at(-1);
        const format = jsonPage(
          { total: matching.length },
          'devices',
          (device: RegisteredDevice) =>
            formatDevice(device, presentOf(fleet, device), {
              fleet,
              nowMs,
              connection: connectionOf?.(device.id),
            }),
          () => (hasMore ? formatNext(request, reply, { after: last.id }) : {}),
        );
        return share.makePage('too-many-pages', (turns) =>
          sendPage(reply, { format, slices: inSlices(page, limit), turns, signal }),
        );
      },
    );

    app.get(
      '/devices/:id',
      {
        config: { access: 'public' },
        schema: {
          operationId: 'getDevice',
          tags: ['devices'],
          summary: 'One device: last reading, liveness, data health',
          params: z.object({ id: deviceId }),
          response: { 200: deviceDetailSchema },
        },
      },
      async ({ params, user }) => {
        const device = findVisibleDevice(registry, user, params.id);
        const present = presentOf(fleet, device);
        const connection = connectionOf?.(device.id);
        return {
          ...formatDevice(device, present, { fleet, nowMs: now(), connection }),
          ...(device.site ? { site: formatSite(device.site) } : {}),
          simulated: device.simulated ?? false,
          units: formatUnits(device.kind),
          connection: formatConnection(connection),
          dataHealth: formatDataHealth(present),
        };
      },
    );
  };

/** Every registered device has a present. */
function presentOf(fleet: Fleet, device: RegisteredDevice): DeviceNow {
  return fleet.now(device.id) as DeviceNow;
}

/** The city's entry without what stands beside it already. */
function formatSite(site: NonNullable<RegisteredDevice['site']>): Record<string, unknown> {
  const { id: _id, kind: _kind, name: _name, lat: _lat, lng: _lng, ...rest } = site;
  return rest;
}

/** Unit of each quantity of a kind that has one. */
export function formatUnits(kind: string): Record<string, string> {
  const quantities = Object.entries(deviceKinds.get(kind)?.quantities ?? {});
  return Object.fromEntries(
    quantities.flatMap(([name, quantity]) => ('unit' in quantity ? [[name, quantity.unit]] : [])),
  );
}
