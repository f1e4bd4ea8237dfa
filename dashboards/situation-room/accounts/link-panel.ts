/** The link that was just made: as text to copy, and as a QR code for a phone that stands beside the screen. */
import { byId, setText, svg } from '../views/dom.ts';
import type { Invited, Person } from './accounts-calls.ts';
import type { AccountsSpeech } from './accounts-speech.ts';

/** ISO/IEC 18004 asks for four modules of light around the code. */
const QUIET_ZONE = 4;

export function createLinkPanel(currentSpeech: () => AccountsSpeech): {
  show(invited: Invited): void;
  hide(): void;
  /** A link that was used or withdrawn is of no use to look at. */
  update(people: readonly Person[]): void;
} {
  let shown: Invited | undefined;
  let wasSeenOpen = false;
  const field = byId('link-text') as HTMLInputElement;
  byId('link-copy').addEventListener('click', () => {
    field.select();
    const say = () => setText(byId('link-said'), currentSpeech().word('copied'));
    // Over plain http there is no clipboard: then it is selected, and a person copies it by key.
    navigator.clipboard?.writeText(field.value).then(say, () => undefined);
  });

  function draw(): void {
    const speech = currentSpeech();
    byId('link').hidden = shown === undefined;
    if (!shown) return;
    setText(byId('link-heading'), `${speech.word('linkFor')} ${shown.name}`);
    const until = Date.parse(shown.invitedUntil);
    const when = `${speech.date(until)} ${speech.shortTime(until)} ${speech.zone}`;
    setText(byId('link-note'), `${speech.word('linkOnce')} ${when}.`);
  }

  return {
    update(people) {
      const person = people.find(({ id }) => id === shown?.id);
      // The list may be older than the link.
      if (person?.invitedUntil === undefined && wasSeenOpen) this.hide();
      wasSeenOpen ||= person?.invitedUntil !== undefined;
      draw();
    },
    show(invited) {
      shown = invited;
      wasSeenOpen = false;
      field.value = invited.link;
      setText(byId('link-said'), '');
      const { size, path } = invited.qr;
      const width = size + 2 * QUIET_ZONE;
      const viewBox = `${-QUIET_ZONE} ${-QUIET_ZONE} ${width} ${width}`;
      byId('link-qr').replaceChildren(svg('svg', { viewBox }, svg('path', { d: path })));
      draw();
      byId('link').focus();
    },
    hide() {
      shown = undefined;
      wasSeenOpen = false;
      field.value = '';
      draw();
    },
  };
}
