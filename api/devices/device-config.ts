/**
 * `POST` and `GET /v1/devices/{id}/config`: what a device is told to go by, and whether it has it.
 *
 * For engineers. The order is written to the book of configs and goes down from there (fleet/config-delivery.ts).
 * Invariants: answered after the commit, whether or not the device is there; who said what stays on record; a format
 * that has no word for a setting is said so before anything is written.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../../database/database.ts';
import { allSettings } from '../../devices/device-config.ts';
import type { Formats } from '../../devices/formats/index.ts';
import { type ConfigLine, readConfigs } from '../../fleet/config-book.ts';
import type { ConfigDelivery } from '../../fleet/config-delivery.ts';
import { type OrderedConfig, orderConfig } from '../../fleet/order-config.ts';
import type { Registry } from '../../fleet/registry.ts';
import { Problem } from '../border/problem.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { deviceId, findVisibleDevice } from './devices.ts';

export interface DeviceConfigDependencies {
  readonly database: Database;
  readonly registry: Registry;
  readonly formats: Formats;
  readonly configs: Pick<ConfigDelivery, 'deliver'>;
  readonly now: () => number;
}

const STAFF = { access: ['engineer'] } as const;
/** Lines before the present one that are shown. */
const EARLIER = 20;

const settings = z
  .strictObject(
    Object.fromEntries(
      Object.entries(allSettings()).map(([name, { min, max, unit, whole, description }]) => {
        const number = (whole ? z.int() : z.number()).min(min).max(max);
        return [name, number.describe(`${description} In ${unit}.`).optional()];
      }),
    ),
  )
  .describe('At least one setting; what is not said is left to the device.')
  .meta({ id: 'DeviceSettings', example: { reportIntervalS: 300 } });

const line = z
  .object({
    revision: z.int().describe('The device says it when it has this config: {"config": "<revision>"}.'),
    settings: z.record(z.string(), z.number()),
    setBy: z.string().describe('The name of a token, or the account that ran a command.'),
    setAt: timeOutput,
    sends: z.int().describe('How often it went out.'),
    sentAt: timeOutput.nullable().describe('When it went out last; null before it did.'),
    confirmedAt: timeOutput
      .nullable()
      .describe('Since when the device has it; null where it has not said so.'),
  })
  .meta({ id: 'DeviceConfig' });

const book = z
  .object({
    device: z.string(),
    desired: line.nullable().describe('What it shall go by; null where it was told nothing.'),
    earlier: z.array(line).describe('What it was told before, newest first.'),
  })
  .meta({ id: 'DeviceConfigs' });

export const deviceConfigRoutes =
  (dependencies: DeviceConfigDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    addGetConfig(app, dependencies);
    addSetConfig(app, dependencies);
  };

function addGetConfig(app: ZodApp, { database, registry }: DeviceConfigDependencies): void {
  app.get(
    '/devices/:id/config',
    {
      config: STAFF,
      schema: {
        operationId: 'getDeviceConfig',
        tags: ['devices'],
        summary: 'What a device was told to go by, and whether it has it',
        params: z.object({ id: deviceId }),
        response: { 200: book },
      },
    },
    async ({ params, user }) => {
      const { id } = findVisibleDevice(registry, user, params.id);
      return formatBook(id, await readConfigs(database, id, EARLIER + 1));
    },
  );
}

function addSetConfig(app: ZodApp, dependencies: DeviceConfigDependencies): void {
  const { database, registry, configs } = dependencies;
  app.post(
    '/devices/:id/config',
    {
      config: { ...STAFF, fails: [404, 409] },
      schema: {
        operationId: 'setDeviceConfig',
        tags: ['devices'],
        summary: 'Tell a device what to go by; it is retained until the device says that it has it',
        params: z.object({ id: deviceId }),
        body: settings,
        response: { 200: book },
      },
    },
    async ({ params, body, user, log }) => {
      const device = findVisibleDevice(registry, user, params.id);
      const order = { device, input: body, actor: user.name, atMs: dependencies.now() };
      const ordered: OrderedConfig = await orderConfig(dependencies, order);
      if ('problems' in ordered) throw new Problem(400, 'invalid-request', ordered.problems.join(' '));
      if ('noWay' in ordered) throw new Problem(409, 'no-way-down', ordered.noWay);
      log.info({ device: device.id, revision: ordered.revision, user: user.name }, 'config set');
      await configs.deliver();
      return formatBook(device.id, await readConfigs(database, device.id, EARLIER + 1));
    },
  );
}

function formatBook(device: string, lines: readonly ConfigLine[]): z.infer<typeof book> {
  const [desired, ...earlier] = lines.map(formatLine);
  return { device, desired: desired ?? null, earlier };
}

function formatLine({
  id,
  config,
  setBy,
  setAt,
  sends,
  sentAt,
  confirmedAt,
}: ConfigLine): z.infer<typeof line> {
  return {
    revision: id,
    settings: { ...config },
    setBy,
    setAt: formatTime(setAt),
    sends,
    sentAt: sentAt === undefined ? null : formatTime(sentAt),
    confirmedAt: confirmedAt === undefined ? null : formatTime(confirmedAt),
  };
}
