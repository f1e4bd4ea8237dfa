/** What a crew said and the disk, or the end of a run, kept from having its effect. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDispatchHouse, SCENE, START_MS } from '../../../support/dispatch-house.ts';

test('a status whose step could not be written counts when the tracker repeats it', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.pass(20);
  const { schema } = house.database;
  await schema.alterTable('dispatch_audit').renameTo('audit_elsewhere').execute();
  await house.say('u1', { status: 'on-scene' });
  await schema.alterTable('audit_elsewhere').renameTo('dispatch_audit').execute();
  expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('dispatched');
  await house.pass(10);
  await house.say('u1', { status: 'on-scene' });
  const row = await house.dispatch.assignments.get(assignment.id);
  expect(row).toMatchObject({ step: 'on-scene', on_scene_at: START_MS + 30_000 });
});

describe('a restart before the last word was worked off', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'siaga-words-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** One run that ends after `before`, and what the journal's last reading of u1 makes of the assignment. */
  async function restart(
    status: string,
    options: {
      force?: object;
      before?: (house: Awaited<ReturnType<typeof openDispatchHouse>>, id: number) => Promise<unknown>;
    } = {},
  ) {
    const file = `${folder}/state.db`;
    const clock = { ms: START_MS };
    let id = 0;
    {
      await using house = await openDispatchHouse({ file, clock });
      if (options.force) await house.say('u1', { status });
      id = (await house.assign(await house.report(), 'u1', options.force)).assignment.id;
      await house.pass(10);
      await options.before?.(house, id);
    }
    clock.ms += 60_000;
    const present = [{ device: 'u1', values: { ...SCENE, status } }];
    await using house = await openDispatchHouse({ file, clock, present });
    return { ...(await house.dispatch.assignments.get(id)), nowMs: clock.ms };
  }

  test('takes the step that it means, at the time of its receipt', async () => {
    const { nowMs, ...row } = await restart('on-scene');
    expect(row).toMatchObject({ step: 'on-scene', on_scene_at: nowMs });
  });

  test('frees a unit whose crew had said that it was on scene', async () => {
    const { step } = await restart('available', {
      before: (house) => house.say('u1', { status: 'on-scene' }),
    });
    expect(step).toBe('completed');
  });

  test('frees no unit whose crew says available all the time', async () => {
    const { step } = await restart('available', {
      before: (house, id) => house.dispatch.advance({ assignment: id, to: 'on-scene', actor: 'd' }),
    });
    expect(step).toBe('on-scene');
  });

  test('moves nothing when the crew said the same before it was sent', async () => {
    const { step } = await restart('on-scene', { force: { forceReason: 'they forgot the button' } });
    expect(step).toBe('dispatched');
  });

  test('moves nothing when the word was worked off already', async () => {
    const row = await restart('on-scene', { before: (house) => house.say('u1', { status: 'on-scene' }) });
    expect(row).toMatchObject({ step: 'on-scene', on_scene_at: START_MS + 10_000 });
  });
});
