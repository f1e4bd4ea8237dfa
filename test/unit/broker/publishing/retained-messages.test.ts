/** Retained messages by filter: what the walk finds is what a test of every topic finds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RetainedMessages } from '../../../../broker/publishing/retained-messages.ts';

const messageOf = (topic: string, payload = 'x') => ({ topic, payload: Buffer.from(payload) });
function keep(topics: readonly string[], maxMessages = 1_000) {
  const retained = new RetainedMessages(maxMessages);
  for (const topic of topics) retained.store(messageOf(topic));
  return retained;
}
const topicsOf = (retained: RetainedMessages<{ topic: string; payload: Buffer }>, filter: string) =>
  [...retained.match(filter)].map(({ topic }) => topic).sort();

/** MQTT 3.1.1, 4.7, level by level. */
function matches(filter: readonly string[], topic: readonly string[], isFirst = true): boolean {
  const [level, ...filterRest] = filter;
  const [text, ...topicRest] = topic;
  if (isFirst && text?.startsWith('$') && (level === '+' || level === '#')) return false;
  if (level === undefined) return text === undefined;
  if (level === '#') return true;
  if (text === undefined) return false;
  return (level === '+' || level === text) && matches(filterRest, topicRest, false);
}

test('a filter finds exactly the topics that it matches, whatever came and went', () => {
  const text = fc.constantFrom('a', 'b', '', '$a', 'constructor', '__proto__');
  const topic = fc.array(text, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
  const filter = fc
    .tuple(fc.array(fc.oneof(text, fc.constant('+')), { maxLength: 4 }), fc.boolean())
    .map(([levels, isOpen]) => (isOpen ? [...levels, '#'] : levels))
    .filter((levels) => levels.length > 0);
  fc.assert(
    fc.property(fc.array(topic), fc.array(topic), filter, (stored, removed, levels) => {
      const retained = keep(stored);
      for (const each of removed) retained.store(messageOf(each, ''));
      const left = [...new Set(stored)].filter((each) => !removed.includes(each));
      expect(retained.size).toBe(left.length);
      const expected = left.filter((each) => matches(levels, each.split('/'))).sort();
      expect(topicsOf(retained, levels.join('/'))).toEqual(expected);
    }),
  );
});

describe('what is retained', () => {
  test('is the newest of its topic', () => {
    const retained = keep(['a/b']);
    retained.store(messageOf('a/b', 'newer'));
    expect([...retained.match('a/b')].map(({ payload }) => payload.toString())).toEqual(['newer']);
    expect(retained.size).toBe(1);
  });

  test('stays within its number; a topic that is known and one that becomes free have room', () => {
    const retained = keep(['a', 'a/b'], 2);
    expect(retained.store(messageOf('c'))).toBe(false);
    expect(retained.store(messageOf('a', 'newer'))).toBe(true);
    expect(retained.store(messageOf('a', ''))).toBe(true);
    expect(retained.store(messageOf('c'))).toBe(true);
    expect(topicsOf(retained, '#')).toEqual(['a/b', 'c']);
  });

  test('is not disturbed when an empty message comes for a topic that has none', () => {
    const retained = keep(['a/b/c']);
    for (const topic of ['a', 'a/b', 'a/b/c/d', 'x']) retained.store(messageOf(topic, ''));
    expect(topicsOf(retained, '#')).toEqual(['a/b/c']);
  });
});
