/**
 * The command line of the simulator: words to typed options, every problem at once.
 *
 * Invariant: an option that is unknown, lacks its value or has a wrong one is a sentence in `problems`;
 * nothing is guessed and nothing is ignored.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ID_PATTERN } from '../devices/topics.ts';
import { type LevelUnit, METRES } from '../tables/level-series.ts';
import { DECIMALS } from '../tables/numbers.ts';
import { DATE_ORDERS } from '../tables/times.ts';
import { parseFaults } from './faults.ts';
import { parseFormats } from './formats-plan.ts';

const positive = z.coerce.number().positive();
const count = z.coerce.number().int().positive();
const chance = z.coerce.number().min(0).max(1);
const url = (protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that starts with ${protocols.map((each) => `${each}//`).join(' or ')}`,
    );
const id = z.string().regex(ID_PATTERN, 'lower case letters, digits and hyphens');

const broker = {
  url: url(['mqtt:', 'mqtts:', 'ws:', 'wss:']).default('mqtt://127.0.0.1:1883'),
  credentials: z.string().optional(),
  seed: z.coerce.number().int().default(1),
};

const faults = z.string().transform((text, context) => {
  const parsed = parseFaults(text);
  if (typeof parsed !== 'string') return parsed;
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
});

const formats = z.string().transform((text, context) => {
  const parsed = parseFormats(text);
  if (typeof parsed !== 'string') return parsed;
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
});

const cityOptions = z.object({
  ...broker,
  city: id.default('semarang'),
  speed: positive.optional(),
  rivers: z.boolean().default(true),
  wifi: z.boolean().default(true),
  ambulances: z.boolean().default(true),
  hospitals: z.boolean().default(true),
  faults: faults.prefault('all'),
  formats: formats.prefault('siaga'),
  'silent-rate': chance.optional(),
  'refuse-rate': chance.optional(),
  dispatch: z.boolean().default(false),
  api: url(['http:', 'https:']).default('http://127.0.0.1:3000'),
  'token-file': z.string().optional(),
  'incidents-per-hour': positive.default(20),
  control: z.coerce.number().int().min(0).max(65_535).optional(),
  duration: positive.optional(),
});

const replayOptions = z
  .object({
    ...broker,
    city: id.default('jakarta'),
    csv: z.string(),
    time: z.string(),
    value: z.array(z.string()).min(1),
    device: z.array(id).min(1),
    unit: z.enum(Object.keys(METRES) as LevelUnit[]).default('m'),
    dates: z.enum(DATE_ORDERS).optional(),
    decimal: z.enum(DECIMALS).optional(),
    quality: z.string().optional(),
    good: z
      .string()
      .transform((text) => text.split(','))
      .optional(),
    tz: z
      .string()
      .default('UTC')
      .refine((zone) => zone === 'UTC' || Intl.supportedValuesOf('timeZone').includes(zone), 'an IANA zone'),
    from: z.string().optional(),
    to: z.string().optional(),
    speed: positive.default(1800),
    'shift-to-now': z.boolean().default(true),
  })
  .refine((options) => options.value.length === options.device.length, {
    path: ['device'],
    message: 'one --device for each --value',
  });

const loadOptions = z.object({
  ...broker,
  city: id.default('semarang'),
  kind: id.default('river-gauge'),
  connections: count.max(20_000).default(100),
  rate: positive.default(1000),
  duration: positive.default(30),
  prefix: id.default('load'),
});

export type CityCommand = z.infer<typeof cityOptions>;
export type ReplayCommand = z.infer<typeof replayOptions>;
export type LoadCommand = z.infer<typeof loadOptions>;

const SCHEMAS = { city: cityOptions, replay: replayOptions, load: loadOptions } as const;
export type CommandName = keyof typeof SCHEMAS;

const FLAGS = new Set(['rivers', 'wifi', 'ambulances', 'hospitals', 'dispatch', 'shift-to-now']);
const REPEATED = new Set(['value', 'device']);

export class OptionsError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.map((each) => `  - ${each}`).join('\n'));
    this.problems = problems;
  }
}

export function isCommandName(word: string | undefined): word is CommandName {
  return word !== undefined && Object.hasOwn(SCHEMAS, word);
}

/** Parses the words after the command's name. Throws OptionsError with every problem. */
export function parseOptions<Name extends CommandName>(
  name: Name,
  words: readonly string[],
): z.infer<(typeof SCHEMAS)[Name]> {
  const known = Object.keys(SCHEMAS[name].shape);
  const declared = known.map((option) => {
    const type = FLAGS.has(option) ? ('boolean' as const) : ('string' as const);
    return [option, { type, multiple: REPEATED.has(option) }] as const;
  });
  const { values, tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(declared),
    strict: false,
    allowNegative: true,
    tokens: true,
  });
  const problems: string[] = [];
  for (const token of tokens) {
    switch (token.kind) {
      case 'positional':
        problems.push(`${token.value}: an option begins with --`);
        continue;
      case 'option-terminator':
        continue;
    }
    const bare =
      token.name.startsWith('no-') && FLAGS.has(token.name.slice(3)) ? token.name.slice(3) : token.name;
    if (!known.includes(bare)) problems.push(`${token.rawName}: no such option; see --help`);
    else if (!FLAGS.has(bare) && token.value === undefined) problems.push(`${token.rawName}: needs a value`);
    else if (FLAGS.has(bare) && token.value !== undefined) problems.push(`${token.rawName}: takes no value`);
  }
  if (problems.length > 0) throw new OptionsError(problems);
  const result = SCHEMAS[name].safeParse(values);
  if (result.success) return result.data as z.infer<(typeof SCHEMAS)[Name]>;
  throw new OptionsError(
    result.error.issues.map((issue) => `--${issue.path[0]?.toString()}: ${issue.message}`),
  );
}
