/**
 * What the parameters of the alert rules are: a name, a unit and one sentence each, in both languages of the page.
 *
 * Read by entry-form.ts, and by name where a change of one is shown. Invariant: every parameter that a rule lets people
 * set stands here, which a test keeps; a parameter means the same in each rule that has it.
 */
import type { ParameterWords } from './parameter-units.ts';
import { PARAMETERS_OF_GAUGES } from './parameters-of-gauges.ts';
import { PARAMETERS_OF_OTHERS } from './parameters-of-others.ts';

export const PARAMETERS: Readonly<Record<string, ParameterWords>> = {
  ...PARAMETERS_OF_GAUGES,
  ...PARAMETERS_OF_OTHERS,
};
