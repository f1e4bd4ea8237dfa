/**
 * Numbers as countries write them: 1.25, 1,25, 1.234,5 and 1,234.5.
 *
 * A column is looked at as a whole, since one cell rarely says which sign is the decimal one. Invariant: a column that
 * could be read in two ways is refused with the cell and with what to pass; nothing is guessed.
 */
import { type Cell, describeCell } from './cells.ts';
import { TableError } from './table.ts';

export const DECIMALS = ['point', 'comma'] as const;
export type Decimal = (typeof DECIMALS)[number];

export interface NumberReader {
  /** Undefined when it is no number. */
  parse(text: string): number | undefined;
  readonly notes: readonly string[];
}

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
/** One to three digits, then groups of three: 1,234 is a number of four digits or one with three decimals. */
const GROUPED = /^[-+]?[1-9]\d{0,2}(?:[.,]\d{3})+$/;
const SIGNS = { point: '.', comma: ',' } as const;

/** Throws TableError when the column is ambiguous or contradicts itself. */
export function createNumberReader(cells: readonly Cell[], column: string, chosen?: Decimal): NumberReader {
  const { decimal, notes } = chosen ? { decimal: chosen, notes: [] } : sniffDecimal(cells, column);
  const grouping = decimal === 'point' ? ',' : '.';
  return {
    notes,
    parse(text) {
      const plain = unifyMinus(text).replace(/(?<=\d)[ '](?=\d{3})/g, '');
      const whole = plain.replaceAll(grouping, '').replace(SIGNS[decimal], '.');
      if (plain.includes(grouping) && !isGrouped(plain, grouping, SIGNS[decimal])) return undefined;
      return NUMBER.test(whole) ? Number(whole) : undefined;
    },
  };
}

function unifyMinus(text: string): string {
  return text.replace(/^[\u2212\u2013]/, '-');
}

/** Groups of exactly three, before the decimal sign only. */
function isGrouped(text: string, grouping: string, sign: string): boolean {
  const [whole = '', fraction = ''] = text.split(sign);
  const [first = '', ...groups] = whole.replace(/^[-+]/, '').split(grouping);
  return (
    !fraction.includes(grouping) && /^\d{1,3}$/.test(first) && groups.every((group) => /^\d{3}$/.test(group))
  );
}

function sniffDecimal(cells: readonly Cell[], column: string): { decimal: Decimal; notes: string[] } {
  const proofs: Partial<Record<Decimal, Cell>> = {};
  let undecided: Cell | undefined;
  let hasLargeInteger = false;
  for (const cell of cells) {
    const text = unifyMinus(cell.text);
    if (/^[-+]?[1-9]\d{2,}$/.test(text)) hasLargeInteger = true;
    const proven = proveDecimal(text);
    if (proven) proofs[proven] ??= cell;
    else if (GROUPED.test(text)) undecided ??= cell;
  }
  const { point, comma } = proofs;
  if (point && comma) {
    throw new TableError(
      `column "${column}" has decimal commas (${describeCell(comma)}) and decimal points (${describeCell(point)}); pass --decimal comma or --decimal point`,
    );
  }
  if (comma) {
    return {
      decimal: 'comma',
      notes: [`"${column}" is read with decimal commas, from ${describeCell(comma)}`],
    };
  }
  // Three decimals with a point are what most loggers write; beside whole numbers of the size of thousands they are not.
  if (!point && undecided && (undecided.text.includes(',') || hasLargeInteger)) {
    throw new TableError(
      `column "${column}", ${describeCell(undecided)}: thousands or three decimals? Pass --decimal comma or --decimal point`,
    );
  }
  return { decimal: 'point', notes: [] };
}

/** What one cell proves alone. */
function proveDecimal(text: string): Decimal | undefined {
  if (!/^[-+]?[\d.,]*\d[\d.,]*$/.test(text) || !/[.,]/.test(text)) return undefined;
  const last = Math.max(text.lastIndexOf('.'), text.lastIndexOf(','));
  const isComma = text[last] === ',';
  const kinds = new Set(text.replace(/[^.,]/g, ''));
  // Both signs: the last one is the decimal one. The same sign twice: it groups.
  if (kinds.size === 2) return isComma ? 'comma' : 'point';
  if (text.indexOf(text[last] as string) !== last) return isComma ? 'point' : 'comma';
  if (GROUPED.test(text)) return undefined;
  return isComma ? 'comma' : 'point';
}
