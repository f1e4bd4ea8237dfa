import fc from 'fast-check';
import { expect, test } from 'vitest';
import { html } from '../../../pages/html.ts';

test('no text becomes markup or leaves its attribute, whatever it is', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const made = html`<a title="${text}">${text}</a>`.text;
      expect(made.match(/[<>]/g)).toHaveLength(4);
      expect(made.match(/"/g)).toHaveLength(2);
    }),
  );
});

test('markup stands as it is, a list is its parts, and nothing is nothing', () => {
  const items = ['a', '<b>'].map((each) => html`<li>${each}</li>`);
  expect(html`<ul>${items}</ul>${undefined}${false}${0}`.text).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>0');
});
