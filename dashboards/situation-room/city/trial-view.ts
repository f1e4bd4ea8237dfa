/**
 * What the change in the form would have done to the alerts of the last days, before it is saved.
 *
 * Part of entry-editor.ts, for devices and parameters of rules. Invariant: a trial changes nothing; what it says is of
 * what was typed when it was asked, and goes when something else is typed.
 */
import { html } from '../views/dom.ts';
import type { Trial, TriedAlert } from './city-calls.ts';
import type { CitySpeech } from './city-speech.ts';

const DAYS = [7, 30, 90, 365] as const;
const USUAL_DAYS = 90;

export interface TrialView {
  readonly element: HTMLElement;
  /** Nothing is said any more. */
  clear(): void;
}

/** `ask` throws what the editor shows; undefined where there is nothing to say. */
export function createTrialView(
  speech: CitySpeech,
  ask: (days: number) => Promise<Trial | undefined>,
): TrialView {
  const days = html('select', { id: 'trial-days' });
  for (const each of DAYS)
    days.append(html('option', { value: each, selected: each === USUAL_DAYS }, String(each)));
  const button = html('button', { type: 'button', id: 'trial' }, speech.word('try'));
  const said = html('p', { id: 'trial-said', role: 'status' });
  const told = html('div', { id: 'trial-told' });
  let asked = 0;
  const clear = () => {
    asked++;
    button.disabled = false;
    said.textContent = '';
    told.replaceChildren();
  };
  button.addEventListener('click', async () => {
    clear();
    const mine = asked;
    button.disabled = true;
    said.textContent = speech.word('trying');
    const trial = await ask(Number(days.value)).catch(() => undefined);
    if (mine !== asked) return;
    clear();
    if (!trial) return;
    said.textContent = sayTrial(trial, speech);
    told.append(...createTables(trial, speech));
  });
  const label = html('label', { for: 'trial-days' }, speech.word('tryDays'));
  const element = html(
    'section',
    { class: 'trial' },
    html('div', { class: 'deeds' }, button, days, label),
    said,
    told,
  );
  return { element, clear };
}

function sayTrial(trial: Trial, speech: CitySpeech): string {
  if (trial.readings === 0) return speech.word('noReadings');
  const { days, before, after, readings, devices } = trial;
  const same = trial.alerts.every((each) => JSON.stringify(each.before) === JSON.stringify(each.after));
  const first = speech.word(same && before === after ? 'triedSame' : 'tried', { days, before, after });
  return `${first} ${speech.word('triedOf', { readings, devices })}`;
}

function createTables({ rules, alerts, leftOut }: Trial, speech: CitySpeech): HTMLElement[] {
  if (alerts.length === 0) return [];
  const byRule = table(
    ['rule', 'nowLabel', 'withChange'],
    rules.map(({ rule, before, after }) => [speech.field(rule), String(before), String(after)]),
    speech,
  );
  const byAlert = table(
    ['device', 'rule', 'nowLabel', 'withChange'],
    // The newest first.
    alerts
      .toReversed()
      .map(({ device, rule, before, after }) => [
        device,
        speech.field(rule),
        sayAlert(before, speech),
        sayAlert(after, speech),
      ]),
    speech,
  );
  const more = leftOut > 0 ? [html('p', { class: 'age' }, `${speech.word('leftOut')} ${leftOut}`)] : [];
  return [byRule, byAlert, ...more];
}

/** `Rendah · Sab 21 Nov 2026 14.03 – Sab 21 Nov 2026 16.10`. */
function sayAlert(alert: TriedAlert | null, speech: CitySpeech): string {
  if (!alert) return speech.word('notRaised');
  const end = alert.endedAt === null ? speech.word('stillOpen') : speech.moment(alert.endedAt);
  return `${speech.word(alert.highestSeverity)} · ${speech.moment(alert.startedAt)} – ${end}`;
}

function table(
  head: readonly ('rule' | 'device' | 'nowLabel' | 'withChange')[],
  rows: readonly (readonly string[])[],
  speech: CitySpeech,
): HTMLElement {
  const heads = head.map((word) => html('th', { scope: 'col' }, speech.word(word)));
  const body = rows.map((cells) => html('tr', {}, ...cells.map((text) => html('td', {}, text))));
  return html(
    'div',
    { class: 'table', tabindex: 0, role: 'group', 'aria-label': speech.word('try') },
    html('table', {}, html('thead', {}, html('tr', {}, ...heads)), html('tbody', {}, ...body)),
  );
}
