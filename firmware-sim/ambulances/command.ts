/**
 * What an ambulance is told on its `command` topic, and what it answers on `ack`.
 *
 * Invariant: a payload that is not one of these commands is `undefined`, never a half-read command.
 */
import { z } from 'zod';
import type { Position } from '../../cities/great-circle.ts';

const position = { lat: z.number().min(-90).max(90), lng: z.number().min(-180).max(180) };

/** The server's numbers, as JSON number or text; an answer carries them as text. */
const id = z.union([z.string().min(1), z.int()]).transform(String);

const command = z.discriminatedUnion('command', [
  z.object({
    command: z.literal('dispatch'),
    assignment: id,
    incident: z.object({ id, ...position }),
    hospital: z.object({ id, ...position }).nullish(),
  }),
  z.object({ command: z.literal('cancel'), assignment: id }),
]);
export type Command = z.infer<typeof command>;

export interface Acknowledgement {
  readonly assignment: string;
  readonly ack: 'accepted' | 'refused';
  /** RFC 3339, the unit's clock. */
  readonly at: string;
}

export function parseCommand(payload: Buffer): Command | undefined {
  let body: unknown;
  try {
    body = JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined; // Not JSON: a unit ignores what it does not understand.
  }
  const result = command.safeParse(body);
  return result.success ? result.data : undefined;
}

/** Where the patient of a dispatch goes, if anywhere is named. */
export function destinationOf(
  order: Pick<Extract<Command, { command: 'dispatch' }>, 'hospital'>,
): Position | undefined {
  return order.hospital ? { lat: order.hospital.lat, lng: order.hospital.lng } : undefined;
}
