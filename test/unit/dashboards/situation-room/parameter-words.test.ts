/** Parameters of alert rules on the page of the city: each has words, and none has words for nothing. */
import { expect, test } from 'vitest';
import { trackRules } from '../../../../alerts/rules/index.ts';
import { createCitySpeech } from '../../../../dashboards/situation-room/city/city-speech.ts';
import { PARAMETERS } from '../../../../dashboards/situation-room/city/parameter-words.ts';
import { loadWords } from '../../../../dashboards/situation-room/state/words/speech.ts';

await loadWords('id');
await loadWords('en');

const settable = new Set(
  trackRules.flatMap(({ defaults }) =>
    Object.entries(defaults)
      .filter(([, value]) => ['number', 'boolean', 'string'].includes(typeof value))
      .map(([name]) => name),
  ),
);

test('every parameter that people may set has a name, a unit and a sentence in both languages', () => {
  expect(new Set(Object.keys(PARAMETERS))).toEqual(settable);
  for (const { name, unit, says } of Object.values(PARAMETERS)) {
    for (const text of [name, unit, says])
      expect([text.id, text.en].every((each) => each.length > 0)).toBe(true);
    for (const sentence of [says.id, says.en]) expect(sentence).toMatch(/^.{10,120}\.$/);
  }
});

test.each(['id', 'en'] as const)('no parameter is shown by its own name in %s', (language) => {
  const speech = createCitySpeech(language, 'Asia/Jakarta');
  for (const name of settable) expect(speech.field(name)).not.toBe(name);
});
