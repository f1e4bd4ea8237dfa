/** What spreadsheets call the columns of our lists. */
import { describe, expect, test } from 'vitest';
import { entryColumn, readTable, TableError } from '../../../tables/table.ts';

describe('columns of a list of ours', () => {
  test('are found by their usual names, in any case', () => {
    const { header, rows } = readTable(
      'ID;Jenis;Nama;Latitude;LON;Catatan\ng;river-gauge;G;-3,2;116,2;x',
      ['id'],
      entryColumn,
    );
    expect(header).toEqual(['id', 'kind', 'name', 'lat', 'lng', 'Catatan']);
    expect(rows).toEqual([{ line: 2, cells: ['g', 'river-gauge', 'G', '-3,2', '116,2', 'x'] }]);
  });

  test('are refused where two of them mean the same', () => {
    expect(() => readTable('id,lat,Latitude\ng,1,2', ['id'], entryColumn)).toThrow(TableError);
  });

  test('of other files stand as they are', () => {
    expect(readTable('ID,Time,Level\n1,2,3', ['Time']).header).toEqual(['ID', 'Time', 'Level']);
  });
});
