import { stringify } from 'csv-stringify/sync'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import { newId } from '../../src/lib/ids.ts'
import { attachment } from '../../src/lib/download.ts'
import {
  escapeCell,
  readCsv,
  readTags,
  unescapeCell,
  writeHead,
  writeRows,
  writeTags,
} from '../../src/services/customers/csv.ts'

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
    // The database has no zero below zero.
    two: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
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

test('what is written as CSV is read as the same cells, with the lines on which they stand', () => {
  fc.assert(
    fc.property(fc.array(customer, { maxLength: 4 }), fc.boolean(), (some, bom) => {
      const all = some.map((one) => whole(one as Partial<Customer>))
      const file = (bom ? '\uFEFF' : '') + writeHead(['one', 'two']) + writeRows(all, ['one', 'two'])
      const { rows } = readCsv(file)
      expect(rows).toHaveLength(all.length)
      for (const [at, { cells }] of rows.entries()) {
        const was = all[at]
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

test('a file with semicolons, from a spreadsheet, is read; one whose quotes do not close is refused by its line', () => {
  const { columns, rows } = readCsv(
    'name;email\r\n"Ada\r\nByron";ada@example.com\r\n\r\nBob;bob@example.com\r\n',
  )
  expect(columns).toEqual(['name', 'email'])
  expect(rows.map(({ cells }) => cells.get('name'))).toEqual(['Ada\r\nByron', 'Bob'])
  expect(rows.map(({ line: begins }) => begins)).toEqual([2, 5])
  expect(() => readCsv('name,email\n"Ada,ada@example.com\n')).toThrow(/csv: line \d/)
  expect(() => readCsv('name,email\nAda\n')).toThrow('line 2: there are 1 cells for 2 columns')
  expect(() => readCsv('name,name\n')).toThrow('two columns called "name"')
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
