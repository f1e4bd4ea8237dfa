/**
 * DeviceConfig: what a device is told to go by: how often it reports, from which level its own siren sounds.
 *
 * Which settings there are is said by the kind, and the report interval is everybody's. A config has a number, its
 * revision, by which the device says that it has it. Invariant: what is not sound is never sent.
 */
import type { DeviceKind } from './device-kind.ts';
import { deviceKinds } from './kinds/index.ts';
import { isJsonObject, JsonFailure, parseJson } from './parse-json.ts';
import { type GaugeQuantity, isSound } from './quantity.ts';

export type DeviceConfig = Readonly<Record<string, number>>;
export type Settings = Readonly<Record<string, GaugeQuantity>>;

/** What a device says of the config that it goes by: the number of it, or settings themselves. */
export interface ConfigEcho {
  readonly revision?: number;
  readonly settings?: DeviceConfig;
}

const COMMON: Settings = {
  reportIntervalS: {
    type: 'gauge',
    unit: 's',
    min: 5,
    max: 86_400,
    whole: true,
    description: 'How often it reports.',
  },
};
/** An echo is small; what is longer says something else. */
const MAX_ECHO_BYTES = 4_096;

export function settingsOf(kind: DeviceKind): Settings {
  return { ...COMMON, ...kind.settings };
}

/** Those of all kinds. */
export function allSettings(): Settings {
  return Object.assign({}, ...[...deviceKinds.values()].map(settingsOf)) as Settings;
}

/** The config, or every sentence of what is wrong with it. */
export function parseConfig(
  kind: DeviceKind,
  input: Readonly<Record<string, unknown>>,
): DeviceConfig | string[] {
  const settings = settingsOf(kind);
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  const problems = given.flatMap(([name, value]) => {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (!setting)
      return [
        `${kind.name} has no setting ${name.slice(0, 40)}; there are ${Object.keys(settings).join(', ')}`,
      ];
    if (isSound(setting, value)) return [];
    const what = setting.whole ? 'a whole number' : 'a number';
    return [`${name} must be ${what} from ${setting.min} to ${setting.max}, in ${setting.unit}`];
  });
  if (given.length === 0) problems.push(`say at least one of ${Object.keys(settings).join(', ')}`);
  if (problems.length > 0) return problems;
  const config = Object.fromEntries(given) as DeviceConfig;
  const fault = kind.findSettingsFault?.(config);
  return fault === undefined ? config : [fault];
}

/** As it goes down on the device's own `config` topic. */
export function formatConfig(config: DeviceConfig, revision: number): string {
  return JSON.stringify({ config: String(revision), ...config });
}

/** `{"config": "7"}`, alone or beside a status. */
export function parseConfigEcho(payload: Buffer): ConfigEcho | undefined {
  if (payload.length > MAX_ECHO_BYTES || !payload.includes('config')) return undefined;
  const json = parseJson(payload);
  if (json instanceof JsonFailure || !isJsonObject(json)) return undefined;
  const revision = Number(json['config']);
  return Number.isSafeInteger(revision) && revision > 0 ? { revision } : undefined;
}
