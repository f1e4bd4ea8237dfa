/**
 * `npm run devices -- config`: what a device is told to go by, and whether it has it.
 *
 * Writes to the book of configs beside a running server, which sends it within 2 s. Invariant: judged as by the API.
 */
import { publishersOf } from '../../cities/publishers.ts';
import { createFormats } from '../../devices/formats/index.ts';
import { type ConfigLine, readConfigs } from '../../fleet/config-book.ts';
import { type ConfigOrder, orderConfig } from '../../fleet/order-config.ts';
import { CommandError, type Environment } from './command-environment.ts';

const NUMBER = /^-?\d{1,15}(?:\.\d{1,9})?$/;

export async function config(id: string, words: readonly string[], env: Environment): Promise<void> {
  const device = await findDevice(id, env);
  if (words.length === 0) return show(id, env);
  const { database, actor, now } = env;
  const order = { device, input: parsePairs(words), actor, atMs: now };
  const ordered = await orderConfig({ database, formats: createFormats() }, order);
  if ('problems' in ordered) throw new CommandError(ordered.problems.join(' '));
  if ('noWay' in ordered) throw new CommandError(ordered.noWay);
  env.note(`Config ${ordered.revision} of ${id} goes down, until the device says that it has it.`);
}

function parsePairs(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    words.map((word) => {
      const [key = '', value = ''] = word.split('=', 2);
      if (key === '' || !NUMBER.test(value)) throw new CommandError(`${word}: expected KEY=NUMBER`);
      return [key, Number(value)];
    }),
  );
}

/** As the server's registry has it, with what it speaks. */
async function findDevice(id: string, { database, city }: Environment): Promise<ConfigOrder['device']> {
  const known = publishersOf(city).find((each) => each.id === id);
  const added =
    known ?? (await database.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirst());
  if (!added) throw new CommandError(`${id} is not registered; add it first`);
  const spoken = await database
    .selectFrom('device_formats')
    .select('format')
    .where('device', '=', id)
    .executeTakeFirst();
  const aliases = await database
    .selectFrom('device_aliases')
    .select('alias')
    .where('device', '=', id)
    .execute();
  return {
    id,
    kind: added.kind,
    aliases: aliases.map(({ alias }) => alias),
    ...(spoken?.format ? { format: spoken.format } : {}),
  };
}

async function show(id: string, env: Environment): Promise<void> {
  const lines = await readConfigs(env.database, id);
  if (lines.length === 0) env.note(`${id} was told nothing.`);
  for (const line of lines) env.print(formatLine(line));
}

function formatLine({ id, config: settings, setBy, setAt, sentAt, confirmedAt }: ConfigLine): string {
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  const time = (ms: number | undefined) => (ms === undefined ? 'not yet' : new Date(ms).toISOString());
  return `${id}\t${pairs.join(' ')}\tset ${time(setAt)} by ${setBy}\tsent ${time(sentAt)}\tconfirmed ${time(confirmedAt)}`;
}
