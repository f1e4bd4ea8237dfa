/** What devices post is worked on in turns, and a sender pays for its bytes and for the time that they take. */
import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import type { Problem } from '../../../../api/border/problem.ts';
import {
  BYTES_AVERAGED_OVER_S,
  BYTES_PER_S,
  createIngestTurns,
  type IngestTurns,
  MAX_WAITING_BYTES,
  SMALL_BYTES,
} from '../../../../api/ingest/ingest-turns.ts';

const LARGE = 200_000;
let clockMs = 0;
let metrics: Registry;
let turns: IngestTurns;
beforeEach(() => {
  clockMs = 0;
  metrics = new Registry();
  turns = createIngestTurns({ metrics, monotonicNow: () => clockMs });
});

const nothing = async () => 'stored';
const post = (sender: string, bytes = SMALL_BYTES, work = nothing) =>
  turns.take(sender, bytes, work).catch(({ status, extra }: Problem) => `${status} ${extra['retryAfterS']}`);
async function countRefused(bound: string): Promise<number | undefined> {
  const counter = await metrics.getSingleMetric('siaga_http_ingest_refused_total')?.get();
  return counter?.values.find(({ labels }) => labels['bound'] === bound)?.value;
}

test('of large messages one is worked on in a turn of the event loop, in their order, and others get theirs', async () => {
  const seen: string[] = [];
  const posts = ['a', 'b', 'c'].map((name) => post(name, LARGE, async () => `${seen.push(name)}`));
  let ticks = 0;
  const between = () => {
    seen.push('another');
    if (++ticks < 4) setImmediate(between);
  };
  setImmediate(between);
  await Promise.all(posts);
  expect(seen.filter((name) => name !== 'another')).toEqual(['a', 'b', 'c']);
  expect(seen.join(' ')).toMatch(/a another b another c/);
});

test('a small one waits for nobody', async () => {
  const large = post('a', LARGE);
  let isSmallDone = false;
  await post('b', SMALL_BYTES, async () => {
    isSmallDone = true;
    return 'stored';
  });
  expect(isSmallDone).toBe(true);
  await large;
});

test('who posts more than its rate is told when to come again, and nobody else is', async () => {
  for (let sent = 0; sent < BYTES_PER_S * BYTES_AVERAGED_OVER_S; sent += LARGE) {
    expect(await post('a', LARGE)).toBe('stored');
  }
  expect(await post('a')).toBe('429 1');
  expect(await post('b')).toBe('stored');
  expect(await countRefused('rate')).toBe(1);
  clockMs += 1_000;
  expect(await post('a')).toBe('stored');
});

test('a message that takes long is paid for by its time', async () => {
  const slow = async () => {
    clockMs += 3_000;
    return 'stored';
  };
  expect(await post('a', LARGE, slow)).toBe('stored');
  // Three seconds at a tenth are thirty; ten were in the bucket, and none came while it worked.
  expect(await post('a')).toBe('429 18');
  clockMs += 19_000;
  expect(await post('a')).toBe('stored');
});

test('what fails is paid for like the rest, and its failure is told', async () => {
  const failing = async () => {
    clockMs += 3_000;
    throw new Error('the journal is full');
  };
  await expect(turns.take('a', LARGE, failing)).rejects.toThrow('the journal is full');
  expect(await post('a')).toMatch(/^429 /);
});

test('bytes that wait are bounded, over all senders', async () => {
  const most = Math.floor(MAX_WAITING_BYTES / LARGE);
  const posts = Array.from({ length: most + 1 }, (_, sender) => post(`sender-${sender}`, LARGE));
  const answers = await Promise.all(posts);
  expect(answers.filter((answer) => answer === 'stored')).toHaveLength(most);
  expect(answers.at(-1)).toBe('503 5');
  expect(await countRefused('waiting')).toBe(1);
  expect(await post('one more', LARGE)).toBe('stored');
});
