/** What staff reads of a crew that does not answer, and of its answer, in Indonesian and English. */
import type { Description } from '../../alerts/judgement/rule.ts';
import type { AssignmentRow } from '../assignments/assignment-row.ts';
import type { IncidentRow } from '../incidents/incident-row.ts';
import { type CrewWordRow, isWord } from './crew-words.ts';

const LABEL = { en: 'order not answered', id: 'perintah tidak dijawab' };
/** What is not answered; an order in any case that is not listed. */
const WHAT: Readonly<Record<string, { en: string; id: string }>> = {
  change: { en: 'the change of its order', id: 'perubahan perintah' },
  cancel: { en: 'the cancellation of its order', id: 'pembatalan perintah' },
};
const ORDER = { en: 'its order', id: 'perintah' };

interface Unanswered {
  readonly kind: string;
  readonly callSign: string;
  readonly incident: IncidentRow;
  /** Who could be sent as well; only of an order. */
  readonly second: { readonly callSign: string; readonly etaS: number } | undefined;
  readonly elapsedMs: number;
}

export function describeUnanswered(unanswered: Unanswered): Description {
  const { kind, callSign, incident, elapsedMs } = unanswered;
  const { id, category, place } = incident;
  const seconds = Math.round(elapsedMs / 1000);
  const details = [category, place].filter((each) => each !== null).join(', ');
  const which = details === '' ? String(id) : `${id} (${details})`;
  const what = WHAT[kind] ?? ORDER;
  const next = adviseNext(unanswered);
  return {
    label: LABEL,
    text: {
      en: `${callSign} has not answered ${what.en} for incident ${which} for ${seconds} s. ${next.en}`,
      id: `${callSign} belum menjawab ${what.id} untuk kejadian ${which} selama ${seconds} detik. ${next.id}`,
    },
  };
}

function adviseNext({ kind, second }: Unanswered): { en: string; id: string } {
  if (!isWord({ kind }, 'order')) return { en: 'Call it by radio.', id: 'Hubungi lewat radio.' };
  if (!second) {
    return {
      en: 'Call it by radio: no other unit can be sent now.',
      id: 'Hubungi lewat radio: tidak ada unit lain yang dapat dikirim sekarang.',
    };
  }
  const { callSign, etaS } = second;
  const minutes = Math.max(1, Math.round(etaS / 60));
  return {
    en: `Call it by radio, or send ${callSign}, ${minutes} min away, as well.`,
    id: `Hubungi lewat radio, atau kirim juga ${callSign}, ${minutes} menit dari lokasi.`,
  };
}

/** `word` is the change or the cancellation that was not answered; undefined of an order. */
export function describeAnswer(
  callSign: string,
  { step, end_reason, ended_at }: AssignmentRow,
  word: CrewWordRow | undefined,
): Description {
  const what = word && WHAT[word.kind];
  if (what && word.acknowledged_at !== null) {
    return {
      label: LABEL,
      text: { en: `${callSign} has ${what.en}.`, id: `${callSign} telah menerima ${what.id}.` },
    };
  }
  const why = end_reason && end_reason !== step ? ` (${end_reason})` : '';
  return {
    label: LABEL,
    text:
      ended_at !== null
        ? {
            en: `The assignment of ${callSign} has ended: ${step}${why}.`,
            id: `Penugasan ${callSign} berakhir: ${step}${why}.`,
          }
        : {
            en: `${callSign} has answered and is ${step}.`,
            id: `${callSign} telah menjawab: ${step}.`,
          },
  };
}
