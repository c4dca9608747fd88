import { Readable, pipeline } from 'node:stream'
import { parse } from 'csv-parse'
import { stringify } from 'csv-stringify/sync'
import type { Customer } from '../../../shared/api/customers.ts'
import { AppError } from '../../errors.ts'
import { escapeCell, unescapeCell } from '../../lib/csvCells.ts'

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

/** A record of a file, with the line on which it begins. */
export type Row = { line: number; cells: string[] }

/** The longest record: behind a quote that is not closed, the rest of a file would be one. */
const RECORD_CHARACTERS = 250_000

/**
 * The records of a CSV file as it comes, the names of its columns first. Where the first line has semicolons and no
 * commas, semicolons separate.
 * @throws AppError invalid_input
 */
export async function* readCsv(file: AsyncIterable<Buffer>): AsyncGenerator<Row> {
  const texts = textOf(file)
  const begin = (await texts.next()).value ?? ''
  const head = begin.slice(0, 10_000).split(/\r?\n/, 1)[0] ?? ''
  const parser = parse({
    delimiter: head.includes(';') && !head.includes(',') ? ';' : ',',
    info: true,
    max_record_size: RECORD_CHARACTERS,
    relax_column_count: true,
    skip_empty_lines: true,
  })
  async function* whole(): AsyncGenerator<string> {
    yield begin
    yield* texts
  }
  // The parser ends with the error of what feeds it, and stops it when nobody reads on.
  pipeline(Readable.from(whole()), parser, () => undefined)
  try {
    // The library counts a line break within quotes as two lines when it is CRLF; people's editors count one.
    let twofold = 0
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      const cells = record.join('')
      const line = info.lines - (cells.match(/[\r\n]/g)?.length ?? 0) - twofold
      twofold += cells.match(/\r\n/g)?.length ?? 0
      yield { line, cells: record }
    }
  } catch (error) {
    throw faultOf(error)
  }
}

type Parsed = { record: string[]; info: { lines: number } }

/** @throws AppError invalid_input for what is no text in UTF-8 */
async function* textOf(file: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (piece?: Buffer): string => {
    try {
      return decoder.decode(piece, { stream: piece !== undefined })
    } catch {
      throw refused('the file is not in UTF-8: save it as "CSV UTF-8"')
    }
  }
  for await (const piece of file) {
    const text = decode(piece)
    if (text.includes('\0')) throw refused('contains a character that is no text')
    yield text
  }
  yield decode()
}

/** The cells of a record by the names of their columns. Blanks around a value of a tenant's own field are the value's. */
export const byColumn = (columns: readonly string[], cells: readonly string[]): Map<string, string> =>
  new Map(
    columns.map((name, at) => {
      const cell = unescapeCell(cells[at] ?? '')
      return [name, name.startsWith(OWN) ? cell : cell.trim()]
    }),
  )

function faultOf(error: unknown): unknown {
  const { lines: line, code } = error as { lines?: number; code?: string }
  if (line === undefined || code === undefined) return error
  return refused(
    code === 'CSV_MAX_RECORD_SIZE'
      ? `line ${line}: a row is longer than ${RECORD_CHARACTERS} characters; is a quote not closed?`
      : `line ${line}: the quotes are not those of a CSV file`,
  )
}

export const refused = (message: string): AppError =>
  new AppError('invalid_input', `csv: ${message}`, { errors: [{ path: 'csv', message }] })
