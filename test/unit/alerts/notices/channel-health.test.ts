/** What counts against readiness of the ways out. */
import { expect, test } from 'vitest';
import { ChannelHealth } from '../../../../alerts/notices/channel-health.ts';

test('a channel that cannot be reached is a problem until it takes a notice', () => {
  const health = new ChannelHealth();
  health.noteFailed('mail', 'no route');
  expect(health.problem).toBe('notices by mail fail: no route');
  health.noteTaken('telegram');
  expect(health.problem).toBe('notices by mail fail: no route');
  health.noteTaken('mail');
  expect(health.problem).toBeUndefined();
});

test('a notice that is refused is no problem of the channel, and shows that it can be reached', () => {
  const health = new ChannelHealth();
  health.noteFailed('telegram', 'Telegram cannot be reached');
  health.noteRefused('telegram', 'Telegram answered 400');
  expect(health.problem).toBeUndefined();
});

test('three refused notices in a row are a problem of the channel, until it takes one', () => {
  const health = new ChannelHealth();
  const refuse = (count: number) => {
    for (let each = 0; each < count; each++) health.noteRefused('webhook', 'the webhook answered 404');
  };
  refuse(2);
  health.noteTaken('webhook');
  refuse(2);
  health.noteRefused('telegram', 'Telegram answered 400');
  expect(health.problem).toBeUndefined();
  refuse(1);
  expect(health.problem).toBe('notices by webhook fail: the webhook answered 404');
  health.noteTaken('webhook');
  expect(health.problem).toBeUndefined();
});
