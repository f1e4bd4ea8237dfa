/**
 * Parameters of rules: defaults of the rule, overridden per kind, group or device.
 *
 * The later and narrower override wins: kind, then group (river, uplink, base), then device. Invariant: an
 * override names parameters that the rule has, with values of the same type; anything else is refused with
 * a sentence when the city is loaded, and never ignored at night.
 */
import type { SiteFields } from '../../devices/device-kind.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { RegisteredDevice } from '../../fleet/registry.ts';

export interface ParameterOverride {
  readonly rule: string;
  /** At most one of these; without any it holds for every device of the rule's kind. */
  readonly group?: string | undefined;
  readonly device?: string | undefined;
  /** False switches the rule off there. */
  readonly enabled?: boolean | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** The group of a device: what fails, floods or moves together. */
export function groupOf(device: RegisteredDevice): string | undefined {
  const field = deviceKinds.get(device.kind)?.groupedBy;
  const group = field && (device.site as SiteFields | undefined)?.[field];
  return typeof group === 'string' ? group : undefined;
}

/** The parameters of a rule for a device; undefined where an override switches it off. */
export function resolveParameters<P extends object>(
  rule: string,
  defaults: P,
  device: RegisteredDevice,
  overrides: readonly ParameterOverride[],
): P | undefined {
  const group = groupOf(device);
  const matching = overrides.filter(
    (each) =>
      each.rule === rule &&
      (each.device === undefined || each.device === device.id) &&
      (each.group === undefined || each.group === group),
  );
  matching.sort((a, b) => breadth(a) - breadth(b));
  let enabled = true;
  let parameters = defaults;
  for (const each of matching) {
    enabled = each.enabled ?? enabled;
    if (each.parameters) parameters = { ...parameters, ...each.parameters };
  }
  return enabled ? parameters : undefined;
}

function breadth(override: ParameterOverride): number {
  return override.device !== undefined ? 2 : override.group !== undefined ? 1 : 0;
}

/** What is wrong with the overrides, a sentence each; empty when all is well. */
export function checkOverrides(
  overrides: readonly ParameterOverride[],
  rules: readonly { readonly name: string; readonly defaults: object }[],
): string[] {
  const problems: string[] = [];
  for (const { rule, parameters = {} } of overrides) {
    const known = rules.find((each) => each.name === rule);
    if (!known) {
      problems.push(`no rule ${rule}; there are: ${rules.map((each) => each.name).join(', ')}`);
      continue;
    }
    const defaults = known.defaults as Record<string, unknown>;
    for (const [name, value] of Object.entries(parameters)) {
      if (!(name in defaults)) {
        problems.push(`${rule} has no parameter ${name}; it has: ${Object.keys(defaults).join(', ')}`);
      } else if (typeof value !== typeof defaults[name]) {
        problems.push(`${rule}.${name} must be a ${typeof defaults[name]}`);
      }
    }
  }
  return problems;
}
