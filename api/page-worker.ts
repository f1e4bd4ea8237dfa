/**
 * Strips the types off the page's modules, in a thread that ends when it is done.
 *
 * A thread of its own because Node announces `stripTypeScriptTypes` as experimental, and a thread can be
 * started without that line on the operator's terminal. Invariant: lines and columns stay where they are, so
 * what a browser's console points at is the source.
 */
import { stripTypeScriptTypes } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const sources = workerData as readonly (readonly [name: string, source: string])[];
parentPort?.postMessage(sources.map(([name, source]) => [name, stripTypeScriptTypes(source)]));
