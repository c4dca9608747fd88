import { stringify } from 'csv-stringify/sync'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import { newId } from '../../src/lib/ids.ts'
import { attachment } from '../../src/lib/download.ts'
import { pieces } from '../../src/lib/pieces.ts'
import {
  byColumn,
  readCsv,
  type Row,
  readTags,
  writeHead,
  writeRows,
  writeTags,
} from '../../src/services/customers/csv.ts'
import { escapeCell, unescapeCell } from '../../src/lib/csvCells.ts'

/** A file that comes in pieces of so many bytes. */
async function recordsOf(file: string, size = 7): Promise<{ columns: string[]; rows: Row[] }> {
  const bytes = Buffer.from(file)
  async function* parts(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const records: Row[] = []
  for await (const record of readCsv(pieces(parts(), 64))) records.push(record)
  const [head, ...rows] = records
  return { columns: head?.cells ?? [], rows }
}

const BEGINS = [
  '=',
  '+',
  '-',
  '@',
  '\t',
  '\r',
  '\n',
  "'",
  "'=",
  "''+",
  '＝',
  '－',
  '＠',
  '＋',
  '',
  '"',
  ';',
  ',',
]
const text = fc
  .tuple(fc.constantFrom(...BEGINS), fc.string({ unit: 'grapheme', maxLength: 20 }))
  .map(([begin, rest]) => begin + rest)
  .filter((one) => !one.includes('\0'))
const line = text.map((one) => one.trim()).filter((one) => one !== '')

test('a cell is never one that a spreadsheet calculates, and gets its text back', () => {
  fc.assert(
    fc.property(text, (cell) => {
      expect(escapeCell(cell)).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/)
      expect(unescapeCell(escapeCell(cell))).toBe(cell)
    }),
  )
})

test('the library’s own escape would lose the difference that ours keeps', () => {
  const theirs = (cell: string) => stringify([[cell]], { escape_formulas: true })
  expect(theirs('=x')).toBe(theirs("'=x"))
  expect(escapeCell('=x')).not.toBe(escapeCell("'=x"))
})

test('tags come back as they were, whatever is in them', () => {
  const tag = fc.string({ unit: 'grapheme', maxLength: 10 }).map((one) => one.trim())
  const tags = fc.array(fc.oneof(tag, fc.constantFrom(';', '\\', '\\;', ';;')), { maxLength: 5 })
  fc.assert(
    fc.property(
      tags.map((all) => all.filter((one) => one !== '')),
      (all) => {
        expect(readTags(writeTags(all))).toEqual(all)
      },
    ),
  )
})

const customer = fc.record({
  name: line,
  company: fc.option(line),
  email: line,
  externalRef: fc.option(line),
  tags: fc.array(line, { maxLength: 3 }),
  taxIds: fc.array(
    fc.record({ type: fc.constant('vat' as const), country: fc.constant('IT'), value: line }),
    { maxLength: 2 },
  ),
  custom: fc.record({
    one: text.filter((one) => one !== ''),
    // The database knows one zero only.
    two: fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
  }),
})
const whole = (some: Partial<Customer>): Customer =>
  ({
    id: newId(),
    tenantId: newId(),
    kind: 'person',
    currency: 'EUR',
    country: null,
    language: null,
    group: null,
    addresses: [],
    state: 'active',
    createdAt: '2026-01-01T00:00:00.000Z',
    ...some,
  }) as Customer

test('what is written as CSV is read as the same cells, with the lines on which they stand', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(customer, { maxLength: 4 }), fc.boolean(), async (some, bom) => {
      const all = some.map((one) => whole(one as Partial<Customer>))
      const file = (bom ? '\uFEFF' : '') + writeHead(['one', 'two']) + writeRows(all, ['one', 'two'])
      const { columns, rows } = await recordsOf(file)
      expect(rows).toHaveLength(all.length)
      for (const [at, row] of rows.entries()) {
        const was = all[at]
        const cells = byColumn(columns, row.cells)
        expect(cells.get('name')).toBe(was?.name)
        expect(cells.get('company')).toBe(was?.company ?? '')
        expect(cells.get('externalRef')).toBe(was?.externalRef ?? '')
        expect(readTags(cells.get('tags') ?? '')).toEqual(was?.tags)
        expect(cells.get('custom.one')).toBe(was?.custom['one'])
        expect(Number(cells.get('custom.two'))).toBe(Number(was?.custom['two']))
        expect(JSON.parse(cells.get('taxIds') || '[]')).toEqual(was?.taxIds)
      }
      expect(rows[0]?.line ?? 2).toBe(2)
    }),
  )
})

test('a file with semicolons, from a spreadsheet, is read; one whose quotes do not close is refused by its line', async () => {
  const { columns, rows } = await recordsOf(
    'name;email\r\n"Ada\r\nByron";ada@example.com\r\n\r\nBob;bob@example.com\r\n',
  )
  expect(columns).toEqual(['name', 'email'])
  expect(rows.map(({ cells }) => cells[0])).toEqual(['Ada\r\nByron', 'Bob'])
  expect(rows.map(({ line: begins }) => begins)).toEqual([2, 5])
  await expect(recordsOf('name,email\n"Ada,ada@example.com\n')).rejects.toThrow(/csv: line \d/)
})

test('whoever reads only a part of a file keeps nothing open', async () => {
  let closed = false
  async function* endless(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from('name\nAda\n')
    } finally {
      closed = true
    }
  }
  for await (const { cells } of readCsv(endless())) {
    expect(cells).toEqual(['name'])
    break
  }
  await vi.waitFor(() => expect(closed).toBe(true))
})

test('a name in a Content-Disposition adds no header and no parameter', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (name) => {
      expect(attachment(name)).toMatch(/^attachment; filename="[\w .()-]*"; filename\*=UTF-8''[\w.~%!-]*$/)
    }),
    { numRuns: 50 },
  )
  expect(attachment('Ådå\r\nX: "1".json')).toBe(
    `attachment; filename="_d___X_ _1_.json"; filename*=UTF-8''%C3%85d%C3%A5%0D%0AX%3A%20%221%22.json`,
  )
})
