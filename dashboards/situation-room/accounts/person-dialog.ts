/**
 * Another name or another role for a person.
 *
 * Opened by main.ts. Invariant: what somebody else changed meanwhile is not written over: the form says so, shows what
 * stands now, and waits for a second press.
 */
import { type ApiClient, ApiError } from '../state/api/api-client.ts';
import { byId, setOptionalText, setText } from '../views/dom.ts';
import type { Person } from './accounts-calls.ts';
import type { AccountsSpeech } from './accounts-speech.ts';

export interface PersonDialogOptions {
  readonly client: ApiClient;
  readonly currentSpeech: () => AccountsSpeech;
  /** Reads all again; gives the person as they stand now. */
  readonly readAgain: (id: number) => Promise<Person | undefined>;
}

export function createPersonDialog({ client, currentSpeech, readAgain }: PersonDialogOptions) {
  const dialog = byId('person-dialog') as HTMLDialogElement;
  const [name, role] = [byId('person-name') as HTMLInputElement, byId('person-role') as HTMLSelectElement];
  const say = (text: string | undefined) => setOptionalText(byId('person-problem'), text);
  let shown: Person | undefined;

  function show(person: Person): void {
    shown = person;
    setText(byId('person-title'), person.name);
    name.value = person.name;
    role.value = person.role;
  }

  async function save(person: Person): Promise<void> {
    const body = { name: name.value.trim(), role: role.value };
    try {
      await client.send('PATCH', `v1/people/${person.id}`, { body, ifMatch: person.etag });
      dialog.close();
      await readAgain(person.id);
    } catch (error) {
      const isStale = error instanceof ApiError && error.status === 412;
      const now = await readAgain(person.id);
      if (isStale && now) show(now);
      say(isStale ? currentSpeech().word('changedMeanwhile') : (error as Error).message);
    }
  }

  byId('person-cancel').addEventListener('click', () => dialog.close());
  byId('person-form').addEventListener('submit', (event) => {
    event.preventDefault();
    if (shown) void save(shown);
  });
  return {
    open(person: Person) {
      say(undefined);
      show(person);
      dialog.showModal();
      name.focus();
    },
  };
}
