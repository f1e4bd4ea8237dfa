/**
 * Colours with a meaning, the same on every dashboard, readable on dark and light.
 *
 * Named colours of Grafana follow its theme; the words beside them carry the meaning for those who do not see
 * the colours. Invariant: one severity has one colour everywhere.
 */
import {
  type DynamicConfigValue,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { SEVERITIES, type Severity } from '../../devices/site.ts';

export const SEVERITY_COLOUR: Readonly<Record<Severity, string>> = {
  minor: 'yellow',
  moderate: 'orange',
  severe: 'red',
  extreme: 'purple',
};
export const CALM_COLOUR = 'green';

/** Steps from a base colour: `[from, colour]`, ascending. */
export function steps(base: string, above: readonly (readonly [number, string])[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...above.map(([value, color]) => ({ value, color }))]);
}

/** A number that begins at 0 and has the rank of a severity before its point: a gauge's place on its ladder. */
export const RANK_STEPS = steps(
  CALM_COLOUR,
  SEVERITIES.map((severity, index) => [index + 1, SEVERITY_COLOUR[severity]] as const),
);

/** What a number or a word means, with its colour. */
export function words(
  meanings: Readonly<Record<string, readonly [text: string, colour: string]>>,
): ValueMapping[] {
  return [
    {
      type: MappingType.ValueToText,
      options: Object.fromEntries(
        Object.entries(meanings).map(([value, [text, color]], index) => [value, { text, color, index }]),
      ),
    },
  ];
}

export function property(id: string, value: unknown): DynamicConfigValue {
  return { id, value };
}

/** The states of a device, as the fleet judges them. */
export const LIVENESS_WORDS = words({
  online: ['online', 'green'],
  sleeping: ['sleeping', 'blue'],
  silent: ['silent', 'orange'],
  offline: ['offline', 'red'],
});
