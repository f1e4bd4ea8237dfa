/**
 * What people send about an incident: the report of a call, what triage learns, notes, the close.
 *
 * Used by incidents.ts and the other routes below an incident. Invariant: strict, so that a typing error is refused
 * and is not a fact that got lost.
 */
import { z } from 'zod';
import { CLASSIFICATIONS } from '../../dispatch/incidents/incident-row.ts';
import { idInput } from '../border/text-input.ts';
import { LAT_TOO_BIG } from './ambulances.ts';

export const incidentId = idInput('The number of an incident.');
export const assignmentId = idInput('The number of an assignment of this incident.');

const line = (max: number) => z.string().trim().min(1).max(max);
const detailsShape = {
  classification: z
    .enum(CLASSIFICATIONS)
    .optional()
    .describe('Most calls are none: say so before anybody is sent.'),
  category: line(100).optional(),
  priority: z.literal([1, 2, 3]).optional().describe('1 is the most urgent.'),
  place: line(300).optional().describe('Gives the coordinates where the city knows it by this name.'),
  lat: z.number().min(-90).max(90, LAT_TOO_BIG).optional(),
  lng: z.number().min(-180).max(180).optional(),
  needsTransport: z.boolean().optional(),
  duplicateOf: z.int().min(1).optional(),
};
const bothCoordinates = ({ lat, lng }: { lat?: number | undefined; lng?: number | undefined }) =>
  (lat === undefined) === (lng === undefined);
export const incidentDetailsInput = z
  .strictObject(detailsShape)
  .refine(bothCoordinates, 'lat and lng come together')
  .meta({ id: 'IncidentDetails' });
export const newIncident = z
  .strictObject({
    ...detailsShape,
    callerName: line(200).optional(),
    callerPhone: line(50).optional(),
    note: line(4_000).optional(),
    simulated: z.boolean().optional(),
  })
  .refine(bothCoordinates, 'lat and lng come together')
  .meta({ id: 'NewIncident' });

export const noteInput = z.strictObject({ text: line(4_000) }).meta({ id: 'NewNote' });

export const closingInput = z
  .strictObject({
    outcome: line(100).describe('treated, transported, refused-care, prank, silent, information …'),
    note: line(4_000).optional(),
  })
  .meta({ id: 'Closing' });
