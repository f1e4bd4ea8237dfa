/**
 * Properties try the same examples in each run: a change is judged by what it changed. `npm run test:explore` tries
 * others, with a seed that changes; what it finds becomes an example of its property.
 */
import fc from 'fast-check';

const SEED = 20_261_129;

if (process.env['PROPERTY_SEED'] !== 'random')
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
