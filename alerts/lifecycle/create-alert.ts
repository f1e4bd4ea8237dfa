/** The record of a new alert, as the engine's first change of it says. */
import { type Alert, severityOf } from '../alert.ts';
import type { EngineChange } from '../judgement/engine-change.ts';
import { isClaim, isProvisional, shownRank } from '../judgement/track.ts';
import { groupKeyOf } from './grouping.ts';

export function createAlert(change: EngineChange, city: string, flapping: boolean): Alert {
  const { episode, subject, receivedAt } = change;
  // One that is told of only after its end shows what it was.
  const rank = Math.max(shownRank(episode), episode.highestRank);
  const { lat, lng } = subject;
  return {
    id: change.alert,
    city,
    rule: change.rule,
    ruleVersion: change.ruleVersion,
    parameters: change.parameters,
    subject: subject.id,
    subjectName: subject.name,
    subjectKind: subject.kind,
    subjectGroup: subject.group,
    ...(lat !== undefined && lng !== undefined ? { lat, lng } : {}),
    exercise: episode.simulated,
    state: isProvisional(episode) ? 'provisional' : 'open',
    provisional: isClaim(episode),
    severity: severityOf(rank),
    highestSeverity: severityOf(rank),
    label: change.description.label,
    text: change.description.text,
    value: episode.value,
    peak: episode.peak,
    unit: change.unit,
    detail: episode.detail,
    startedAt: episode.startedAt,
    raisedAt: receivedAt,
    changedAt: receivedAt,
    endedAt: undefined,
    closedAt: undefined,
    revision: 0,
    blindSince: undefined,
    acknowledgement: undefined,
    escalation: { level: 0, dueAt: undefined },
    flapping: flapping,
    group: groupKeyOf(change.rule, city, subject),
    foldedInto: undefined,
    silencedBy: undefined,
    notifiedSeverity: undefined,
    evidence: change.evidence,
    log: [],
  };
}
