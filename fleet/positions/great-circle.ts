/** The name under which fleet and dispatch know the distances of `cities/great-circle.ts`, which the simulator shares. */
export * from '../../cities/great-circle.ts';
