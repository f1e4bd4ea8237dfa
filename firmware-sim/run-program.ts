/**
 * How the programs of the simulator end: by the code that they return, 2 where the options are wrong, 1 where it
 * failed.
 *
 * Called last in each of them. Invariant: a person reads what is wrong, and never a stack.
 */
import { OptionsError } from './options.ts';

export async function runProgram(main: (args: string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    const hasWrongOptions = error instanceof OptionsError;
    console.error(hasWrongOptions ? `wrong options:\n${error.message}` : (error as Error).message);
    process.exitCode = hasWrongOptions ? 2 : 1;
  }
}
