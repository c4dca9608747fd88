import { createHash } from 'node:crypto'
import type { Customer } from '../../../shared/api/customers.ts'
import { canCustomer } from '../../../shared/states/customer.ts'
import type { Ctx } from '../../context.ts'
import * as imports from '../../db/customerImport.ts'
import type { FileRow, ImportKey } from '../../db/customerImport.ts'
import * as settings from '../../db/customerSettings.ts'
import { isUuid } from '../../lib/ids.ts'
import { BASE_COLUMNS, byColumn, OWN, refused } from './csv.ts'
import { planCreate, planRefused, planUpdate, type Known, type Named, type Planned } from './importRow.ts'
import { getAll } from './record.ts'

/** `means`: a hash of whom the row is about; null when that could not be found out. */
export type Meant = Planned & { means: string | null }

/**
 * Which columns a file has.
 * @throws AppError invalid_input for none, for one twice, and for one that there is not
 */
export async function requireColumns(ctx: Ctx, tenantId: string, columns: readonly string[]): Promise<void> {
  const fields = await settings.keepFields(ctx.tx, tenantId)
  const known: string[] = [...BASE_COLUMNS, ...fields.map(({ key }) => OWN + key)]
  if (columns.every((name) => name === ''))
    throw refused('the file is empty: begin with a line of column names')
  const twice = columns.find((name, at) => columns.indexOf(name) !== at)
  if (twice !== undefined) throw refused(`there are two columns called "${twice}"`)
  const unknown = columns.find((name) => !known.includes(name))
  if (unknown !== undefined) throw refused(`there is no column "${unknown}"; there are ${known.join(', ')}`)
}

/** What some rows of a file would do, by the customers that the tenant had before the import began. */
export async function planRows(
  ctx: Ctx,
  key: ImportKey,
  columns: readonly string[],
  rows: readonly FileRow[],
): Promise<Meant[]> {
  const named = rows.map(({ line, cells }): Named => ({ line, cells: byColumn(columns, cells) }))
  const known: Known = {
    tenantId: key.tenantId,
    fields: await settings.keepFields(ctx.tx, key.tenantId),
    groups: await imports.groupsByName(ctx.tx, key.tenantId, [...distinct(named, 'group')]),
  }
  const match = await matcher(ctx, key, named)
  return rows.map(({ line, cells }, at) => {
    const row = named[at] ?? { line, cells: new Map<string, string>() }
    if (cells.length === columns.length) return planRow(row, known, match)
    const fault = `there are ${cells.length} cells for ${columns.length} columns`
    return { ...planRefused(line, row.cells.get('name') ?? '', '', fault), means: null }
  })
}

const distinct = (rows: readonly Named[], column: string): Set<string> =>
  new Set(rows.map(({ cells }) => cells.get(column) ?? '').filter((cell) => cell !== ''))

type Match = (row: Named) => { means: string; customer?: Customer } | { refused: [string, string] }

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')

/**
 * Whom a row means: by its id, else by its reference, else by its e-mail.
 * A reference that nobody has is given to whoever has the e-mail and no reference of their own.
 */
async function matcher(ctx: Ctx, key: ImportKey, rows: readonly Named[]): Promise<Match> {
  const emails = new Set([...distinct(rows, 'email')].map((email) => email.toLowerCase()))
  const found = await imports.candidates(ctx.tx, key, {
    ids: [...distinct(rows, 'id')].filter(isUuid),
    refs: [...distinct(rows, 'externalRef')],
    emails: [...emails],
  })
  const ids = found.map(({ id }) => id)
  const customers = new Map((await getAll(ctx, key.tenantId, ids)).map((one) => [one.id, one]))
  const byRef = new Map(
    found.flatMap((one) => (one.external_ref === null ? [] : [[one.external_ref, one.id]])),
  )
  const byEmail = Map.groupBy(found, ({ email }) => email)

  const idOf = ({ cells }: Named): string | undefined | { refused: [string, string] } => {
    const id = cells.get('id')?.toLowerCase()
    if (id) return customers.has(id) ? id : { refused: ['id', 'the tenant has no customer with this id'] }
    const ref = cells.get('externalRef') ?? ''
    const known = byRef.get(ref)
    if (known !== undefined) return known
    const same = (byEmail.get(cells.get('email')?.toLowerCase() ?? '') ?? []).filter(
      (one) => customers.get(one.id)?.state !== 'merged' && (ref === '' || one.external_ref === null),
    )
    if (same.length > 1)
      return {
        refused: ['email', `${same.length} customers have this e-mail: say which by id or externalRef`],
      }
    return same[0]?.id
  }
  return (row) => {
    const id = idOf(row)
    if (typeof id === 'object') return id
    const ref = row.cells.get('externalRef')
    const about = id ?? (ref ? `ref ${ref}` : `email ${row.cells.get('email')?.toLowerCase() ?? ''}`)
    const customer = id === undefined ? undefined : customers.get(id)
    return { means: hashOf(about), ...(customer && { customer }) }
  }
}

function planRow(row: Named, known: Known, match: Match): Meant {
  const name = row.cells.get('name') ?? ''
  const refuse = (path: string, message: string, means: string | null): Meant => ({
    ...planRefused(row.line, name, path, message),
    means,
  })
  const tenantId = row.cells.get('tenantId')
  if (tenantId && tenantId !== known.tenantId) return refuse('tenantId', 'the row is of another tenant', null)
  const matched = match(row)
  if ('refused' in matched) return refuse(...matched.refused, null)
  const { means, customer } = matched
  if (!customer) return { ...planCreate(row, known), means }
  const planned = planUpdate(row, known, customer)
  const verdict = canCustomer.change(customer)
  // A row that changes nothing is no fault, whatever has become of the customer.
  return planned.outcome === 'unchanged' || verdict.allowed
    ? { ...planned, means }
    : refuse('state', verdict.reason, means)
}

/** Refuses rows that are about the same customer as a row before them, in this batch or an earlier one. */
export async function refuseRepeated(ctx: Ctx, key: ImportKey, plans: readonly Meant[]): Promise<Meant[]> {
  const means = plans.flatMap((one) => (one.means === null ? [] : [one.means]))
  const lines = await imports.linesOf(ctx.tx, key, means)
  return plans.map((one) => {
    if (one.means === null) return one
    const before = lines.get(one.means)
    if (before === undefined) {
      lines.set(one.means, one.line)
      return one
    }
    return {
      ...planRefused(one.line, one.name, '', `line ${before} is about the same customer`),
      means: one.means,
    }
  })
}
