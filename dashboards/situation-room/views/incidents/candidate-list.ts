/**
 * Whom to send: the candidates of a recommendation in its order, each with its number, time, reason and warnings.
 *
 * Filled by incident-dialog.ts. Invariant: a number sends the unit that has stood beside it for a moment; one
 * that has just taken another's place is not sent by a key that was meant for the other.
 */

import type { Candidate, Recommendation, RecommendationJson } from '../../state/api/dispatch-shapes.ts';
import { sayCandidateLink } from '../../state/dispatch/connected-and-heard.ts';
import { sayDispatch } from '../../state/words/dispatch-sentences.ts';
import type { Speech } from '../../state/words/speech.ts';
import { byId, createKeyedList, html, setAttribute, setOptionalText, setText } from '../dom.ts';
import type { Room } from '../room.ts';

/** A person who sees a list change needs this long not to press what they meant before. */
const SETTLES_AFTER_MS = 700;

export interface Proposed {
  readonly candidate: Candidate;
  readonly role: 'first-aid' | 'transport';
  /** How much longer than the first of its role. */
  readonly behindS: number;
  readonly asOfMs: number;
}

export interface CandidateList {
  update(recommendation: RecommendationJson | undefined, room: Room): void;
  /** Undefined where there is none with this number, counted from 1. */
  at(number: number): Proposed | undefined;
  /** In the order of their numbers. */
  listed(): readonly Proposed[];
  /** Whether the order has stood long enough to be acted on. */
  isSettled(): boolean;
}

export function createCandidateList(onChosen: (proposed: Proposed) => void): CandidateList {
  let proposed: readonly Proposed[] = [];
  let movedAtMs = Number.NEGATIVE_INFINITY;
  const list = createKeyedList<{ each: Proposed; number: number; hasRoles: boolean; room: Room }>(
    byId('candidate-list'),
    ({ each }) => keyOf(each),
    () => {
      const [numberText, name, eta] = [html('b', { class: 'age' }), html('b'), html('b')];
      const [reason, warning] = [html('span'), html('span', { class: 'warning' })];
      const parts = [numberText, name, eta, reason, warning];
      const button = html('button', { type: 'button', class: 'candidate' }, ...parts);
      let shown: Proposed | undefined;
      button.addEventListener('click', () => shown && onChosen(shown));
      return {
        element: html('li', {}, button),
        update({ each, number, hasRoles, room: { speech, nowMs } }) {
          shown = each;
          const { candidate, role } = each;
          const hasKey = number <= 9;
          setText(numberText, hasKey ? String(number) : '');
          setAttribute(button, 'aria-keyshortcuts', hasKey ? String(number) : undefined);
          const as = hasRoles ? ` · ${speech.word(role)}` : '';
          setText(name, `${speech.word('send')} ${candidate.callSign}${as}`);
          setText(eta, formatDuration(candidate.etaS, speech));
          setText(reason, describeCandidate(each, speech, nowMs));
          setText(warning, describeWarnings(candidate, speech));
        },
      };
    },
  );
  return {
    update(recommendation, room) {
      const next = listProposed(recommendation);
      const hasMoved = next.map(keyOf).join() !== proposed.map(keyOf).join();
      if (hasMoved && proposed.length > 0) movedAtMs = performance.now();
      proposed = next;
      const hasRoles = new Set(proposed.map(({ role }) => role)).size > 1;
      list.update(proposed.map((each, index) => ({ each, number: index + 1, hasRoles, room })));
      showMissing(recommendation, room);
    },
    at: (number) => proposed[number - 1],
    listed: () => proposed,
    isSettled: () => performance.now() - movedAtMs >= SETTLES_AFTER_MS,
  };
}

function keyOf({ candidate, role }: Proposed): string {
  return `${role}/${candidate.unit}`;
}

function listProposed(recommendation: RecommendationJson | undefined): Proposed[] {
  const of = (role: Proposed['role'], part: Recommendation | undefined) =>
    (part?.candidates ?? []).map((candidate): Proposed => {
      const behindS = candidate.etaS - (part?.candidates[0]?.etaS ?? candidate.etaS);
      return { candidate, role, behindS, asOfMs: Date.parse(part?.asOf ?? '') };
    });
  return [...of('first-aid', recommendation?.firstAid), ...of('transport', recommendation?.transport)];
}

/** Why nobody, or not others: dispatch's own sentences, in the dispatcher's language. */
function showMissing(recommendation: RecommendationJson | undefined, { speech }: Room): void {
  const { firstAid, transport, shortfall } = recommendation ?? {};
  const missing = [shortfall, firstAid?.shortfall, transport?.shortfall].filter((each) => each !== undefined);
  const said = [...new Set(missing)].map((each) => sayDispatch(each, speech.language));
  setOptionalText(byId('shortfall'), said.length > 0 ? said.join('; ') : undefined);
  const part = firstAid ?? transport;
  const excluded = part?.excluded ?? [];
  byId('excluded').hidden = excluded.length === 0;
  setText(byId('excluded-count'), `${part?.excludedTotal ?? 0} ${speech.word('excludedUnits')}`);
  const lines = excluded.map(
    ({ callSign, reason }) => `${callSign}: ${sayDispatch(reason, speech.language)}`,
  );
  const list = byId('excluded-list');
  if (list.dataset['shown'] === lines.join('\n')) return;
  list.dataset['shown'] = lines.join('\n');
  list.replaceChildren(...lines.map((line) => html('li', {}, line)));
}

/**
 * `fastest · there in 5 min–9 min by road · 1.2 km · fix 12 s ago, stale · battery 80 % · connected since 09.30.05 ·
 * last word measured 09.41.17`.
 */
export function describeCandidate(
  { candidate, behindS, asOfMs }: Proposed,
  speech: Speech,
  nowMs: number,
): string {
  const { etaRangeS, etaSource, distanceM, fixAgeS, stale, batteryPct, reachable } = candidate;
  const rank =
    behindS <= 0 ? speech.word('fastest') : `${formatDuration(behindS, speech)} ${speech.word('behind')}`;
  const [fastest, slowest] = etaRangeS.map((each) => formatDuration(each, speech));
  const way = speech.word(etaSource === 'road' ? 'byRoad' : 'byStraight');
  const fixAgeMs = fixAgeS * 1000 + Math.max(0, nowMs - asOfMs);
  const fix = `${speech.word('fixAge')} ${speech.age(fixAgeMs)} ${speech.word('ago')}`;
  return [
    reachable ? rank : speech.word('noRoad'),
    `${speech.word('eta')} ${fastest}–${slowest} ${way}`,
    `${speech.number(distanceM / 1000)} km`,
    stale ? `${fix}, ${speech.word('staleFix')}` : fix,
    ...(batteryPct === null ? [] : [`${speech.word('unitBattery')} ${Math.round(batteryPct)} %`]),
    ...sayCandidateLink(candidate, speech, nowMs),
  ].join(' · ');
}

export function describeWarnings({ warnings }: Pick<Candidate, 'warnings'>, { language }: Speech): string {
  return warnings.map((each) => sayDispatch(each, language)).join('; ');
}

/** Whole minutes from 90 s on, rounded up: help that is promised does not come later than said. */
export function formatDuration(seconds: number, speech: Speech): string {
  return speech.age(seconds < 90 ? seconds * 1000 : Math.ceil(seconds / 60) * 60_000);
}
