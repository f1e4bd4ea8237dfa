/** The register of the rules that judge readings: a new rule is its file and one line here. */
import type { City } from '../../cities/city.ts';
import type { ParameterOverride } from '../judgement/parameters.ts';
import type { TrackRule } from '../judgement/rule.ts';
import { accessPointOverloaded } from './access-point-overloaded.ts';
import { accessPointPoorLink } from './access-point-poor-link.ts';
import { ambulanceLeftCity } from './ambulance-left-city.ts';
import { ambulanceLowBattery } from './ambulance-low-battery.ts';
import { gaugeSpiking } from './gauge-spiking.ts';
import { gaugeStuck } from './gauge-stuck.ts';
import { gaugeSuspect } from './gauge-suspect.ts';
import { rateOfRise } from './rate-of-rise.ts';
import { riverLevel } from './river-level.ts';
import { timeToThreshold } from './time-to-threshold.ts';

export const trackRules: readonly TrackRule[] = [
  // First: it says which levels are believed.
  riverLevel,
  gaugeSuspect,
  rateOfRise,
  timeToThreshold,
  gaugeStuck,
  gaugeSpiking,
  accessPointOverloaded,
  accessPointPoorLink,
  ambulanceLowBattery,
  ambulanceLeftCity,
];

/** What the city's folder says that rules need: its bounds. */
export function cityOverrides({ bounds }: Pick<City, 'bounds'>): ParameterOverride[] {
  return [{ rule: ambulanceLeftCity.name, parameters: { ...bounds } }];
}

/** What the engine judges by besides the readings: the city of the moment, and the parameters that it sets. */
export function judgedBy(city: City): { city: City; overrides: ParameterOverride[] } {
  return { city, overrides: [...cityOverrides(city), ...city.alertRules] };
}
