/**
 * GatherClaims: what one message of a format comes to, claim by claim: readings, statuses, and what is set aside.
 *
 * Third step of the foreign intake, which knows by then whose a claim is. Invariants: of what cannot be taken the raw
 * payload is kept, once a message; what is gathered goes to the journal as a whole.
 */
import type { Claim, Format } from '../devices/formats/format.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import type { JsonObject } from '../devices/parse-json.ts';
import type { Reading } from '../devices/reading.ts';
import { type RejectedMessage, type Rejection, reject } from '../devices/rejection.ts';
import type { Sender } from '../fleet/identities.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';
import type { WaitingAliases } from '../fleet/waiting-aliases.ts';
import type { DeviceMessage } from '../journal/device-messages.ts';
import { describeLast } from './describe-readings.ts';
import { explainLeftAlone } from './explain-unread.ts';
import { formatStatus, type IncomingMessage } from './incoming-message.ts';
import type { Quota } from './quota.ts';
import type { SetAside } from './set-aside.ts';
import { withoutStoredPart } from './stored-part.ts';
import type { TakenReadings, TakeReadings } from './take-readings.ts';
import type { HearConfig } from './take-words.ts';

export interface GatherClaimsOptions {
  readonly city: string;
  readonly waiting: Pick<WaitingAliases, 'note'>;
  readonly quota: Pick<Quota, 'spendMessage'>;
  readonly setAside: SetAside;
  readonly takeReadings: TakeReadings;
  readonly hearConfig: HearConfig;
}

/** What became of one message so far. */
export interface Gathered {
  readonly good: Reading[];
  readonly bad: RejectedMessage[];
  readonly statuses: DeviceMessage[];
}

const NOTHING: TakenReadings = { good: [], bad: [] };

export function createGatherClaims(options: GatherClaimsOptions) {
  const { quota, setAside, takeReadings, waiting } = options;

  function keep(message: IncomingMessage, { bad }: Gathered, rejection: Rejection): void {
    // One message, one raw payload: it is replayed whole.
    if (bad.length === 0) bad.push(setAside.keep(message, rejection, message.payload, message.identity));
  }

  function keepUnclaimed(
    message: IncomingMessage,
    gathered: Gathered,
    format: Format,
    sender: Sender,
    alias: string,
  ): void {
    if (alias === '') {
      keep(message, gathered, reject('bad-format', 'it does not say which device it is of'));
      return;
    }
    if (sender.role === 'gateway') {
      waiting.note({ alias, gateway: sender.gateway.id, format: format.name }, message);
    }
    const rejection = reject('unclaimed', formatUnclaimed(alias, format.name));
    const at = gathered.bad.findIndex(({ reason }) => reason === 'unclaimed');
    const kept = gathered.bad[at];
    if (kept) gathered.bad[at] = { ...kept, detail: addUnclaimed(kept.detail, alias) };
    // Beside whatever else is wrong with it: what waits is found by this reason.
    else gathered.bad.push(setAside.keep(message, rejection, message.payload, message.identity));
  }

  /** Says in a sentence what the device will read of it. */
  function takeClaim(
    message: IncomingMessage,
    gathered: Gathered,
    device: RegisteredDevice,
    claim: Claim,
  ): string {
    const kind = deviceKinds.get(device.kind);
    if (!kind) {
      keep(message, gathered, reject('unknown-kind', `${device.id} is a ${device.kind}, which is no kind`));
      return `no kind ${device.kind}`;
    }
    const { presence, note } = claim;
    if (!message.isReplay) options.hearConfig(device.id, message, claim.config);
    const refusal = presence && !message.isReplay ? quota.spendMessage(device.id) : undefined;
    const rejection = claim.rejection ?? refusal;
    if (presence && !refusal) gathered.statuses.push(formatStatus(message, device.id, presence));
    if (rejection) gathered.bad.push(setAside.keep(message, rejection, message.payload, device.id));
    const target = { city: options.city, kind, device };
    const sent = message.isRetained
      ? claim.items.filter((item) => item['measuredAt'] !== undefined)
      : claim.items;
    const items = sent.map((item) => ofKind(item, kind.payloadKeys));
    const { good, bad } =
      items.length === 0 ? NOTHING : takeReadings(message, target, { items, refused: [] }, device.id);
    for (const reading of good) gathered.good.push(reading);
    const [first] = bad;
    // The message as it came, once: an item of it is no message of its format.
    if (first && !rejection) gathered.bad.push({ ...first, payload: message.payload });
    return [
      note,
      refusal ? undefined : presence,
      rejection?.detail,
      ...bad.map(({ detail }) => detail),
      ...explainLeftAlone(claim, kind, bad.length > 0),
      describeLast(good, target),
    ]
      .filter((part) => part !== undefined && part !== '')
      .join('; ');
  }

  return { keep, keepUnclaimed, takeClaim };
}

/** The sentence of a message that nobody has claimed; by it those of one name are found again. */
function formatUnclaimed(alias: string, format: string): string {
  return `nobody has claimed ${alias} (${format}); npm run devices -- claim ${alias} <id>`;
}

/** The same with one more name of the same message, which is kept once for all of them. */
function addUnclaimed(detail: string, alias: string): string {
  const name = JSON.stringify(alias);
  if (detail.length >= MAX_UNCLAIMED_CHARACTERS || detail.includes(name)) return detail;
  return `${detail}${detail.includes(NOR) ? ', ' : NOR}${name}`;
}
/** Some hundred names. What does not fit is found again once one of the others is claimed. */
export const MAX_UNCLAIMED_CHARACTERS = 4_000;
const NOR = '; nor, of the same message, ';

/** Whether a kept message holds something of this name. */
export function isUnclaimed(said: string, alias: string, format: string): boolean {
  const first = formatUnclaimed(alias, format);
  const detail = withoutStoredPart(said);
  if (detail === first || detail.startsWith(`${first}${NOR}`)) return true;
  const at = detail.indexOf(NOR);
  return at > 0 && detail.indexOf(JSON.stringify(alias), at) > 0;
}

/** The quantities that the kind knows: a format gives all that it found. */
function ofKind(item: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([key]) => keys.has(key)));
}
