/** All routes of dispatch, in the order of the flow; main hands them to the API as one list. */

import type { ApiRoutes } from '../app.ts';
import { ambulanceRoutes } from './ambulances.ts';
import { assignmentRoutes } from './assignments.ts';
import { crewWordRoutes } from './crew-words.ts';
import { type FiguresDependencies, figureRoutes } from './figures.ts';
import { hospitalRoutes } from './hospitals.ts';
import { incidentRoutes } from './incidents.ts';
import { mapLayerRoutes } from './map-layers.ts';

export function dispatchRoutes(dependencies: FiguresDependencies): ApiRoutes[] {
  return [
    incidentRoutes(dependencies),
    ambulanceRoutes(dependencies),
    assignmentRoutes(dependencies),
    crewWordRoutes(dependencies),
    hospitalRoutes(dependencies),
    figureRoutes(dependencies),
    mapLayerRoutes(dependencies),
  ];
}
