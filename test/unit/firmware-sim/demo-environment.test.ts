/** Where a demo stands, by its environment and its options. */
import { expect, test } from 'vitest';
import { chooseDemoPlace } from '../../../firmware-sim/demo/demo-environment.ts';

test('the story is controlled where the option says, else where the environment does, else beside the API', () => {
  const environment = { HTTP_PORT: '4000', DEMO_CONTROL_PORT: '4500' };
  expect(chooseDemoPlace(environment, 5_000).controlPort).toBe(5_000);
  expect(chooseDemoPlace(environment, 0).controlPort).toBe(4_500);
  expect(chooseDemoPlace({ HTTP_PORT: '4000' }).controlPort).toBe(4_010);
});
