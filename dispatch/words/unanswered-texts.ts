/** What staff reads of a crew that does not answer, and of its answer, in Indonesian and English. */
import type { Description } from '../../alerts/judgement/rule.ts';
import type { AssignmentRow } from '../assignments/assignment-row.ts';
import type { Step } from '../assignments/assignment-steps.ts';
import type { IncidentRow } from '../incidents/incident-row.ts';
import { type CrewWordRow, isWord } from './crew-words.ts';

const LABEL = { en: 'order not answered', id: 'perintah tidak dijawab' };
/** What is not answered; an order in any case that is not listed. */
const WHAT: Readonly<Record<string, { en: string; id: string }>> = {
  change: { en: 'the change of its order', id: 'perubahan perintah' },
  cancel: { en: 'the cancellation of its order', id: 'pembatalan perintah' },
};
const ORDER = { en: 'its order', id: 'perintah' };
/** Where a unit is, or how its assignment ended, in Indonesian. */
const STEP_ID: Readonly<Record<Step, string>> = {
  reserved: 'disiapkan',
  dispatched: 'menerima perintah',
  acknowledged: 'perintah diterima',
  'en-route': 'menuju lokasi',
  'on-scene': 'di lokasi',
  'left-scene': 'meninggalkan lokasi',
  'at-destination': 'tiba di tujuan',
  'handed-over': 'pasien diserahkan',
  completed: 'selesai',
  refused: 'ditolak kru',
  cancelled: 'dibatalkan',
  'broken-down': 'kendaraan rusak',
};

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

/**
 * `word` is the change or the cancellation that was not answered; undefined of an order. `callSignOf` names whom a
 * reason says by its id.
 */
export function describeAnswer(
  { unit, step, end_reason, ended_at }: AssignmentRow,
  word: CrewWordRow | undefined,
  callSignOf: (unit: string) => string,
): Description {
  const callSign = callSignOf(unit);
  const what = word && WHAT[word.kind];
  if (what && word.acknowledged_at !== null) {
    return {
      label: LABEL,
      text: { en: `${callSign} has ${what.en}.`, id: `${callSign} telah menerima ${what.id}.` },
    };
  }
  const other = /^replaced by (\S+)$/.exec(end_reason ?? '')?.[1];
  const said = end_reason && end_reason !== step ? ` (${end_reason})` : '';
  const why =
    other === undefined
      ? { en: said, id: said }
      : { en: ` (replaced by ${callSignOf(other)})`, id: ` (diganti oleh ${callSignOf(other)})` };
  const stepId = STEP_ID[step as Step];
  return {
    label: LABEL,
    text:
      ended_at !== null
        ? {
            en: `The assignment of ${callSign} has ended: ${step}${why.en}.`,
            id: `Penugasan ${callSign} berakhir: ${stepId}${why.id}.`,
          }
        : {
            en: `${callSign} has answered and is ${step}.`,
            id: `${callSign} telah menjawab: ${stepId}.`,
          },
  };
}
