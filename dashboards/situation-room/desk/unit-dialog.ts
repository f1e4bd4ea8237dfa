/**
 * A unit of the board: a message to its crew, out of service and back.
 *
 * Invariant: a message and a reason are given in words before anything is done.
 */
import type { DeskCalls } from '../state/dispatch/desk-calls.ts';
import { byId, setOptionalText, setText } from '../views/dom.ts';
import { nameUnit } from '../views/incidents/assignment-list.ts';
import { explainRefusal } from '../views/incidents/refusal.ts';
import type { Room } from '../views/room.ts';

export function createUnitDialog(
  calls: Pick<DeskCalls, 'setService' | 'tellCrew'>,
  currentRoom: () => Room,
): { open(unit: string): void } {
  const dialog = byId('unit-dialog') as HTMLDialogElement;
  const field = byId('unit-text') as HTMLInputElement;
  let unit = '';
  let isBusy = false;

  async function act(isInWords: boolean, deed: (text: string) => Promise<string>): Promise<void> {
    const text = field.value.trim();
    if (isInWords && text === '') return field.focus();
    if (isBusy) return;
    isBusy = true;
    setOptionalText(byId('unit-problem'), undefined);
    try {
      setText(byId('unit-said'), await deed(text));
      field.value = '';
    } catch (error) {
      setOptionalText(byId('unit-problem'), explainRefusal(error as Error, currentRoom()));
    } finally {
      isBusy = false;
    }
  }

  byId('unit-close').addEventListener('click', () => dialog.close());
  byId('unit-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void act(true, async (text) => {
      await calls.tellCrew(unit, text);
      return `${currentRoom().speech.word('messageSaved')} ${text}`;
    });
  });
  const setService = (isOut: boolean) =>
    void act(isOut, async (text) => {
      await calls.setService(unit, isOut ? text : undefined);
      return currentRoom().speech.word('saved');
    });
  byId('unit-out').addEventListener('click', () => setService(true));
  byId('unit-back').addEventListener('click', () => setService(false));
  return {
    open(next) {
      unit = next;
      field.value = '';
      setText(byId('unit-title'), nameUnit(next, currentRoom()));
      setText(byId('unit-said'), '');
      setOptionalText(byId('unit-problem'), undefined);
      dialog.showModal();
      field.focus();
    },
  };
}
