/**
 * The commands of `npm run devices` that are about formats: what a device speaks, claims, trials.
 *
 * Part of device-commands.ts, apart for its length. Invariant: a format, a mapping or an alias that cannot work is
 * refused with a sentence before anything is written.
 */
import { type FormatOptions, isClaims, MAX_ALIAS_CHARACTERS } from '../../devices/formats/format.ts';
import { createFormats } from '../../devices/formats/index.ts';
import { parseTags } from '../../devices/formats/line-protocol.ts';
import { parseFieldMappings } from '../../devices/formats/line-protocol-fields.ts';
import { isPrecision } from '../../devices/formats/line-protocol-values.ts';
import { createMapped } from '../../devices/formats/mapped.ts';
import { MAX_EXPRESSION_CHARACTERS } from '../../devices/formats/run-mapping.ts';
import { parseColumns } from '../../devices/formats/value.ts';
import { judgeQuantities } from '../../devices/judge-quantities.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { mendTexts } from '../../devices/mend-texts.ts';
import { GATEWAY_PREFIX, isId } from '../../devices/topics.ts';
import { CommandError, type Environment } from './command-environment.ts';
import {
  addAliases,
  claimAlias,
  findTaken,
  type SpokenFormat,
  writeDeviceFormat,
  writeGateway,
} from './device-formats.ts';

export type CommandOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Reads and checks what `--format`, `--gateway`, `--simulated` and the options of formats say. Throws CommandError. */
export function readSpokenFormat(options: CommandOptions, env: Pick<Environment, 'readText'>): SpokenFormat {
  const format = options['format'] as string | undefined;
  const known = [...createFormats().keys(), 'mapped'];
  if (format !== undefined && !known.includes(format)) {
    throw new CommandError(`no format ${format}; there are ${known.join(', ')}`);
  }
  const said = options['gateway'] as string | undefined;
  const gateway = said?.startsWith(GATEWAY_PREFIX) === false ? `${GATEWAY_PREFIX}${said}` : said;
  const simulated = options['simulated'] as boolean | undefined;
  return { format, gateway, simulated, options: readFormatOptions(options, env) };
}

function readFormatOptions(
  options: CommandOptions,
  { readText }: Pick<Environment, 'readText'>,
): FormatOptions | undefined {
  const columns = options['columns'] as string | undefined;
  const file = options['mapping'] as string | undefined;
  if (columns !== undefined && parseColumns(columns).length === 0) {
    throw new CommandError(`--columns ${columns}: names with commas, each with a unit: levelM:cm,batteryV`);
  }
  const mapping = file === undefined ? undefined : readText(file);
  if (mapping !== undefined && mapping.length > MAX_EXPRESSION_CHARACTERS) {
    throw new CommandError(`${file}: a mapping has at most ${MAX_EXPRESSION_CHARACTERS} characters`);
  }
  const given = {
    ...(columns === undefined ? {} : { columns }),
    ...(mapping === undefined ? {} : { mapping }),
    ...readLineOptions(options),
  };
  return Object.keys(given).length === 0 ? undefined : given;
}

/** `--identity`, `--fields`, `--precision` of line protocol. */
function readLineOptions(options: CommandOptions): FormatOptions {
  const { identity, fields, precision } = options as Readonly<Record<string, string | undefined>>;
  if (identity !== undefined && parseTags(identity).length === 0) {
    throw new CommandError('--identity: names of tags with commas, the surest first: device,host');
  }
  if (fields !== undefined && parseFieldMappings(fields).size !== fields.split(',').length) {
    throw new CommandError(`--fields ${fields}: gauge.stage=levelM:cm,depth=levelM with commas, each once`);
  }
  if (precision !== undefined && !isPrecision(precision)) {
    throw new CommandError(`--precision ${precision}: ns, us, ms, s, m or h`);
  }
  return Object.fromEntries(
    Object.entries({ identity, fields, precision }).filter(([, value]) => value !== undefined),
  ) as FormatOptions;
}

export async function writeSpokenFormat(
  id: string,
  options: CommandOptions,
  env: Environment,
): Promise<void> {
  const { database, now } = env;
  const aliases = (options['alias'] ?? []) as readonly string[];
  for (const alias of aliases) {
    if (alias.trim() === '' || alias.length > MAX_ALIAS_CHARACTERS) {
      throw new CommandError(`--alias: 1 to ${MAX_ALIAS_CHARACTERS} characters`);
    }
  }
  const spoken = readSpokenFormat(options, env);
  const taken = await findTaken(database, id, aliases);
  if (taken) throw new CommandError(`${taken.alias} is an alias of ${taken.device}`);
  await addAliases(database, id, aliases, now);
  const isGiven = Object.values(spoken).some((word) => word !== undefined);
  if (isGiven) await writeDeviceFormat(database, id, spoken, now);
}

/** `add gateway:<name> --format F`. */
export async function addGateway(id: string, options: CommandOptions, env: Environment): Promise<void> {
  if (!isId(id.slice(GATEWAY_PREFIX.length))) throw new CommandError(`${id}: ${GATEWAY_PREFIX}<name>`);
  const { format, options: formatOptions } = readSpokenFormat(options, env);
  if (format === undefined) throw new CommandError(`${id}: say its --format`);
  if (options['simulated'] !== undefined) throw new CommandError(`${id}: say --simulated of its devices`);
  await writeGateway(env.database, id, format, formatOptions, env.now);
}

export async function claim(
  alias: string,
  id: string,
  isRegistered: boolean,
  env: Environment,
): Promise<void> {
  if (!isRegistered) throw new CommandError(`${id} is not registered; add it first`);
  const taken = await findTaken(env.database, id, [alias]);
  if (taken) throw new CommandError(`${taken.alias} is an alias of ${taken.device}`);
  const gateway = await claimAlias(env.database, alias, id, env.now);
  env.note(
    gateway === undefined
      ? `${alias} is an alias of ${id} now; nothing was waiting under it.`
      : `${alias} is ${id}, through ${gateway}. A running server replays what waited within seconds.`,
  );
}

export async function listWaiting(env: Environment): Promise<void> {
  const waiting = await env.database
    .selectFrom('waiting_aliases')
    .selectAll()
    .orderBy('last_at', 'desc')
    .execute();
  if (waiting.length === 0) return env.note('Nothing waits to be claimed.');
  env.print('alias\tgateway\tformat\tmessages\tlast\tlast message');
  for (const { alias, gateway, format, messages, last_at, payload } of waiting) {
    const shown = payload.replace(/\s+/g, ' ').slice(0, 160);
    env.print([alias, gateway, format, messages, new Date(Number(last_at)).toISOString(), shown].join('\t'));
  }
}

/** Decodes one message as `--format` would, and says what of it a device of `--kind` would be taken for. */
export async function tryFormat(
  name: string,
  file: string,
  options: CommandOptions,
  env: Environment,
): Promise<void> {
  await using mapped = createMapped();
  const format = createFormats(mapped).get(name);
  if (!format)
    throw new CommandError(`no format ${name}; there are ${[...createFormats(mapped).keys()].join(', ')}`);
  const kindName = options['kind'] as string | undefined;
  const kind = kindName === undefined ? undefined : deviceKinds.get(kindName);
  if (kindName !== undefined && !kind) throw new CommandError(`no kind ${kindName}`);
  const formatOptions = readFormatOptions(options, env);
  const decoded = await format.decode({
    topic: (options['topic'] as string | undefined) ?? `http/${name}`,
    payload: Buffer.from(env.readText(file)),
    receivedAt: env.now,
    ...(formatOptions ? { options: formatOptions } : {}),
  });
  if (!isClaims(decoded)) {
    env.print(`refused: ${decoded.reason}: ${decoded.detail}`);
    return;
  }
  for (const { aliases, items, presence, rejection, note } of decoded) {
    env.print(`device: ${aliases.join(', ') || 'whoever sends it'}`);
    if (presence) env.print(`  presence: ${presence}`);
    if (note) env.print(`  note: ${note}`);
    if (rejection) env.print(`  not understood: ${rejection.detail}`);
    for (const item of items) {
      env.print(`  ${JSON.stringify(item)}`);
      const judged = kind && judgeQuantities(mendTexts(item, kind), kind);
      if (judged?.rejection) env.print(`  as a ${kindName}: ${judged.rejection.detail}`);
      else if (judged) env.print(`  as a ${kindName}: ${JSON.stringify(judged.values)}`);
    }
  }
}
