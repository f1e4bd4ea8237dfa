/**
 * Rain to flow to stage: the hydrology of the simulated rivers, on a grid of one story minute.
 *
 * Flow is a share of the flow that fills the bed (1 = at the highest threshold), so that gauges of different
 * size compare. Rain runs off through two linear reservoirs; a reach delays a wave and flattens it (lag and
 * route); the stage follows Manning's wide channel, Q ∝ h^(5/3). Invariant: a routed wave peaks later and
 * lower than the wave it came from.
 */

/** Story minutes until half of a hill's rain has reached the brook: steep, short catchments. */
const CATCHMENT_STORAGE_MIN = 14;
/** Of a reach's lag this share is pure travel; the rest comes from its storage, which also flattens. */
const TRAVEL_SHARE = 0.8;
const STORAGE_SHARE = 0.25;
/** h ∝ Q^(3/5). */
const RATING_EXPONENT = 0.6;

/** A wave through one linear reservoir, S = K·Q: the recursion of its exact step response. */
function throughReservoir(inflow: Float64Array, storageMin: number): Float64Array {
  const outflow = new Float64Array(inflow.length);
  const share = 1 - Math.exp(-1 / storageMin);
  let flow = 0;
  for (let minute = 0; minute < inflow.length; minute++) {
    flow += ((inflow[minute] as number) - flow) * share;
    outflow[minute] = flow;
  }
  return outflow;
}

/** Flow off a catchment for rain in mm/h, in units of that rain. */
export function runOff(rain: Float64Array): Float64Array {
  return throughReservoir(throughReservoir(rain, CATCHMENT_STORAGE_MIN), CATCHMENT_STORAGE_MIN);
}

/** The wave at the lower end of a reach that it takes `lagMin` to pass. */
export function routeDownstream(inflow: Float64Array, lagMin: number): Float64Array {
  const delayMin = Math.round(lagMin * TRAVEL_SHARE);
  const delayed = new Float64Array(inflow.length);
  delayed.set(inflow.subarray(0, Math.max(0, inflow.length - delayMin)), Math.min(delayMin, inflow.length));
  return throughReservoir(delayed, Math.max(1, lagMin * STORAGE_SHARE));
}

/** Share of the way from the normal level to the highest threshold, for a flow. */
export function stageShare(flow: number): number {
  return Math.max(0, flow) ** RATING_EXPONENT;
}

/** The inverse of `stageShare`. */
export function flowForStageShare(share: number): number {
  return Math.max(0, share) ** (1 / RATING_EXPONENT);
}

export function peakOf(series: Float64Array): { minute: number; value: number } {
  let minute = 0;
  for (let each = 1; each < series.length; each++)
    if ((series[each] as number) > (series[minute] as number)) minute = each;
  return { minute, value: series[minute] ?? 0 };
}
