/**
 * openDrills: the floods that are played, one of them perhaps interrupted by the last end of this server.
 *
 * After the intake, which their readings go through.
 */
import { Drills } from '../drill/drills.ts';
import type { Ground } from './open-ground.ts';
import type { Intake } from './open-intake.ts';

export async function openDrills(ground: Ground, { pipeline }: Intake): Promise<Drills> {
  const drills = new Drills({ ...ground, pipeline, log: ground.log.child({ part: 'drill' }) });
  await drills.resume();
  return drills;
}
