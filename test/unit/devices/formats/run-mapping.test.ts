import { afterEach, beforeEach, expect, test } from 'vitest';
import { MAX_WAITING_OF_ONE, MappingRunner } from '../../../../devices/formats/run-mapping.ts';

let runner: MappingRunner;
beforeEach(() => {
  runner = new MappingRunner();
});
afterEach(() => runner.close());

const ask = (sender: string, value: number) =>
  runner.run({ expression: 'a + 1', topic: 't', payload: Buffer.from(`{"a": ${value}}`), sender });

test('one sender fills its own share and nobody else’s', async () => {
  const flood = Array.from({ length: MAX_WAITING_OF_ONE + 2 }, (_, index) => ask('gateway:loud', index));
  const other = ask('gateway:quiet', 41);
  // One is being mapped, its share waits, the last is refused.
  expect(await flood.at(-1)).toEqual({
    problem: `${MAX_WAITING_OF_ONE} messages of gateway:loud wait for it`,
  });
  expect(await other).toMatchObject({ json: '42' });
  expect(await flood.at(-2)).toMatchObject({ json: String(MAX_WAITING_OF_ONE + 1) });
});

test('senders take turns, and each keeps its order', async () => {
  const answered: string[] = [];
  const asked = ['loud 1', 'loud 2', 'loud 3', 'quiet 1', 'quiet 2'].map(async (name) => {
    await ask(name.split(' ')[0] as string, 1);
    answered.push(name);
  });
  await Promise.all(asked);
  expect(answered).toEqual(['loud 1', 'loud 2', 'quiet 1', 'loud 3', 'quiet 2']);
});
