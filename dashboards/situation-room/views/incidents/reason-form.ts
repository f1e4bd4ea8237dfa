/**
 * The question inside the dialog of an incident: why nevertheless, or why no more. One at a time.
 *
 * Asked by incident-dialog.ts before a unit with warnings is sent and before an assignment is cancelled.
 * Invariant: nothing is done before the form is sent; Escape and going back do nothing at all.
 */
import { byId, setText } from '../dom.ts';

export interface Question {
  readonly title: string;
  readonly isRequired: boolean;
  /** What is asked is no reason: the title alone names the field. */
  readonly isNoReason?: boolean;
  /** What stands in the field already. */
  readonly typed?: string;
  onGiven(reason: string): void;
}

export interface ReasonForm {
  readonly isOpen: boolean;
  ask(question: Question): void;
  close(): void;
}

export function createReasonForm(onClosed: () => void): ReasonForm {
  const form = byId('reason-form') as HTMLFormElement;
  const field = byId('reason') as HTMLInputElement;
  const label = form.querySelector('label') as HTMLLabelElement;
  let question: Question | undefined;
  const close = () => {
    if (!question) return;
    question = undefined;
    form.hidden = true;
    onClosed();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const asked = question;
    const reason = field.value.trim();
    if (!asked) return;
    // Blanks pass for a value in the browser's own check.
    if (asked.isRequired && reason === '') return field.focus();
    close();
    asked.onGiven(reason);
  });
  byId('reason-back').addEventListener('click', close);
  return {
    get isOpen() {
      return question !== undefined;
    },
    ask(next) {
      question = next;
      field.required = next.isRequired;
      field.value = next.typed ?? '';
      label.hidden = next.isNoReason === true;
      field.setAttribute('aria-labelledby', label.hidden ? 'reason-title' : label.id);
      setText(byId('reason-title'), next.title);
      form.hidden = false;
      field.focus();
      form.scrollIntoView({ block: 'nearest' });
    },
    close,
  };
}
