/**
 * Loaded before start.js (`NODE_OPTIONS=--import=…?steps=1000,-2000`): each SIGUSR2 sets the wall clock of the
 * process by the next of these, ms, as a resumed machine or an operator would. Threads see the same clock.
 * Invariant: the monotonic clock and the timers stay as they are.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const KEY = 'siaga-test-clock';
if (isMainThread) setEnvironmentData(KEY, new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
const aheadMs = new Float64Array(getEnvironmentData(KEY) as SharedArrayBuffer);

const RealDate = Date;
class SteppedDate extends RealDate {
  constructor(...given: []) {
    if (given.length > 0) super(...given);
    else super(SteppedDate.now());
  }
  static override now(): number {
    return RealDate.now() + (aheadMs[0] as number);
  }
}
globalThis.Date = SteppedDate as DateConstructor;

if (isMainThread) {
  const steps = new URL(import.meta.url).searchParams.get('steps')?.split(',').map(Number) ?? [];
  process.on('SIGUSR2', () => {
    aheadMs[0] = (aheadMs[0] as number) + (steps.shift() ?? 0);
  });
}
