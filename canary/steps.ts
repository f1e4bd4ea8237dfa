/** The way of the canary's reading: each step stands for a part that people or devices go by. */
export const STEPS = ['puback', 'stream', 'alerts', 'history'] as const;
export type Step = (typeof STEPS)[number];
