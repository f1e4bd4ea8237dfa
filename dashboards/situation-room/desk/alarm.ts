/**
 * The alarm: a tone for what nobody has taken in hand, again and again until somebody does.
 *
 * Opt-in, remembered in this browser. Tones differ by severity in number and pitch, so that a room knows by ear
 * what it is. Invariant: a browser that does not let us sound says so on the page; silence is never taken for calm.
 */
import type { Attention } from '../state/dispatch/incident-timers.ts';
import type { Speech } from '../state/words/speech.ts';
import { byId, setAttribute, setOptionalText, setText } from '../views/dom.ts';

export interface Untaken {
  readonly incident: number;
  readonly priority: number;
  readonly why: Attention;
}

const STORED_AS = 'siaga-alarm';
const AGAIN_MS = 4_000;
const TONE_S = 0.16;
const GAP_S = 0.09;

/** Pitches in Hz, one after the other. */
export function toneOf({ priority, why }: Pick<Untaken, 'priority' | 'why'>): readonly number[] {
  if (why === 'unanswered') return [988, 659, 988, 659, 988, 659];
  if (why === 'asked') return [523, 523];
  return [[], [1047, 1047, 1047, 1047], [784, 784], [587]][priority] ?? [587];
}

export interface Alarm {
  /** At each drawing; sounds when it is time. */
  update(untaken: readonly Untaken[], speech: Speech): void;
}

export function createAlarm(now: () => number): Alarm {
  let context: AudioContext | undefined;
  let isOn = localStorage.getItem(STORED_AS) === 'on';
  let soundedAtMs = Number.NEGATIVE_INFINITY;

  function sound(pitches: readonly number[]): void {
    context ??= new AudioContext();
    // Allowed by the click that asked for it; after a reload only by the next one.
    void context.resume();
    soundedAtMs = now();
    setAttribute(document.body, 'data-sounded', Number(document.body.dataset['sounded'] ?? 0) + 1);
    pitches.forEach((pitch, index) => {
      playTone(context as AudioContext, pitch, index * (TONE_S + GAP_S));
    });
  }

  byId('alarm-test').addEventListener('click', () => sound(toneOf({ priority: 1, why: 'unsent' })));
  byId('alarm-switch').addEventListener('click', () => {
    isOn = !isOn;
    localStorage.setItem(STORED_AS, isOn ? 'on' : 'off');
    if (isOn) sound(toneOf({ priority: 3, why: 'unsent' }));
  });
  return {
    update(untaken, speech) {
      const button = byId('alarm-switch');
      setAttribute(button, 'aria-pressed', isOn ? 'true' : 'false');
      setText(button, speech.word(isOn ? 'alarmOn' : 'alarmOff'));
      const worst = [...untaken].sort((a, b) => rankOf(a) - rankOf(b))[0];
      if (isOn && worst && now() - soundedAtMs >= AGAIN_MS) sound(toneOf(worst));
      const isBlocked = isOn && worst !== undefined && context?.state === 'suspended';
      setOptionalText(byId('alarm-problem'), isBlocked ? speech.word('alarmBlocked') : undefined);
    },
  };
}

function rankOf({ priority, why }: Untaken): number {
  return why === 'unanswered' ? priority - 0.5 : priority;
}

/** With soft edges, so that a loudspeaker does not click. */
function playTone(context: AudioContext, pitch: number, delayS: number): void {
  const [from, tone, volume] = [
    context.currentTime + delayS,
    context.createOscillator(),
    context.createGain(),
  ];
  tone.type = 'square';
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0.0001, from);
  volume.gain.exponentialRampToValueAtTime(0.25, from + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, from + TONE_S);
  tone.connect(volume).connect(context.destination);
  tone.start(from);
  tone.stop(from + TONE_S + 0.02);
}
