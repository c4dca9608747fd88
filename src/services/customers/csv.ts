import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import type { Customer } from '../../../shared/api/customers.ts'
import { AppError } from '../../errors.ts'

export const BASE_COLUMNS = [
  'id',
  'tenantId',
  'externalRef',
  'kind',
  'name',
  'company',
  'email',
  'country',
  'currency',
  'language',
  'group',
  'tags',
  'addresses',
  'taxIds',
  'state',
  'createdAt',
] as const
type BaseColumn = (typeof BASE_COLUMNS)[number]
export const OWN = 'custom.'

/** What a spreadsheet takes for a formula, behind any number of the apostrophes that we put in front of it. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/
const ESCAPED = /^'+[=+\-@\t\r\n＝＋－＠]/

/**
 * Makes a cell that no spreadsheet calculates. The library's own escape cannot be undone: it writes `=x` and `'=x`
 * alike. This one can, so that what was exported can be imported.
 */
export const escapeCell = (text: string): string => (FORMULA.test(text) ? `'${text}` : text)
export const unescapeCell = (text: string): string => (ESCAPED.test(text) ? text.slice(1) : text)

/** `a;b`: a semicolon or backslash inside of a tag has a backslash in front. */
export const writeTags = (tags: readonly string[]): string =>
  tags.map((tag) => tag.replaceAll(/[\\;]/g, String.raw`\$&`)).join(';')
export function readTags(text: string): string[] {
  const tags: string[] = []
  let tag = ''
  // One step a character: a pattern that knows where a tag ends takes quadratic time when none does.
  for (let at = 0; at < text.length; at++) {
    if (text[at] === ';') {
      tags.push(tag)
      tag = ''
      continue
    }
    if (text[at] === '\\' && at + 1 < text.length) at++
    tag += text.charAt(at)
  }
  return [...tags, tag].map((one) => one.trim()).filter((one) => one !== '')
}

const CELLS: Record<BaseColumn, (customer: Customer) => string | null> = {
  id: ({ id }) => id,
  tenantId: ({ tenantId }) => tenantId,
  externalRef: ({ externalRef }) => externalRef,
  kind: ({ kind }) => kind,
  name: ({ name }) => name,
  company: ({ company }) => company,
  email: ({ email }) => email,
  country: ({ country }) => country,
  currency: ({ currency }) => currency,
  language: ({ language }) => language,
  group: ({ group }) => group?.name ?? null,
  tags: ({ tags }) => writeTags(tags),
  addresses: ({ addresses }) => (addresses.length > 0 ? JSON.stringify(addresses) : null),
  taxIds: ({ taxIds }) => (taxIds.length > 0 ? JSON.stringify(taxIds) : null),
  state: ({ state }) => state,
  createdAt: ({ createdAt }) => createdAt,
}

/** RFC 4180: commas, quotes, CRLF. */
const lines = (rows: string[][]): string => stringify(rows, { record_delimiter: '\r\n' })

export const writeHead = (keys: readonly string[]): string =>
  lines([[...BASE_COLUMNS, ...keys.map((key) => OWN + key)]])

export const writeRows = (customers: readonly Customer[], keys: readonly string[]): string =>
  lines(
    customers.map((customer) =>
      [
        ...BASE_COLUMNS.map((column) => CELLS[column](customer)),
        ...keys.map((key) => customer.custom[key]),
      ].map((value) => escapeCell(String(value ?? ''))),
    ),
  )

export type Row = { line: number; cells: Map<string, string> }

/**
 * The rows of a CSV file by the names of their columns, with the lines on which they begin. Where the first line has
 * semicolons and no commas, semicolons separate.
 * @throws AppError invalid_input
 */
export function readCsv(text: string): { columns: string[]; rows: Row[] } {
  const head = text.slice(0, 10_000).split(/\r?\n/, 1)[0] ?? ''
  const delimiter = head.includes(';') && !head.includes(',') ? ';' : ','
  const [first, ...rest] = records(text, delimiter)
  const columns = (first?.record ?? []).map((name) => name.trim())
  const twice = columns.find((name, at) => columns.indexOf(name) !== at)
  if (twice !== undefined) throw refused(1, `there are two columns called "${twice}"`)
  // The library counts a line break within quotes as two lines when it is CRLF; people's editors count one.
  let twofold = 0
  const rows = rest.map(({ record, info }): Row => {
    const cells = record.join('')
    const begins = info.lines - (cells.match(/[\r\n]/g)?.length ?? 0) - twofold
    twofold += cells.match(/\r\n/g)?.length ?? 0
    if (record.length !== columns.length)
      throw refused(begins, `there are ${record.length} cells for ${columns.length} columns`)
    return {
      line: begins,
      cells: new Map(columns.map((name, at) => [name, cellOf(name, record[at] ?? '')])),
    }
  })
  return { columns, rows }
}

/** Blanks around a value of a tenant's own field are the value's. */
const cellOf = (column: string, cell: string): string =>
  column.startsWith(OWN) ? unescapeCell(cell) : unescapeCell(cell).trim()

type Parsed = { record: string[]; info: { lines: number } }

function records(text: string, delimiter: string): Parsed[] {
  try {
    return parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as Parsed[]
  } catch (error) {
    const { lines: line, code } = error as { lines?: number; code?: string }
    if (line === undefined || code === undefined) throw error
    throw refused(line, 'the quotes are not those of a CSV file')
  }
}

const refused = (line: number, message: string): AppError =>
  new AppError('invalid_input', `csv: line ${line}: ${message}`, {
    errors: [{ path: 'csv', message: `line ${line}: ${message}` }],
  })
