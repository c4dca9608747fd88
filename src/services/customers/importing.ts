import { setImmediate as breathe } from 'node:timers/promises'
import type { z } from 'zod'
import { IMPORT_ROWS, type customerImport, type ImportResult } from '../../../shared/api/customerFiles.ts'
import type { Customer } from '../../../shared/api/customers.ts'
import { canCustomer } from '../../../shared/states/customer.ts'
import type { Ctx } from '../../context.ts'
import * as importing from '../../db/customerImport.ts'
import * as settings from '../../db/customerSettings.ts'
import { AppError, type FieldError } from '../../errors.ts'
import type { Download } from '../../lib/download.ts'
import { isUuid } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { BASE_COLUMNS, OWN, readCsv, writeHead, type Row } from './csv.ts'
import { planCreate, planRefused, planUpdate, type Known, type Planned } from './importRow.ts'
import { create, getAll, update } from './record.ts'

/** Rows that are planned without letting others in between. */
const AT_ONCE = 100

/**
 * Makes and changes the customers of a CSV file, or says row by row what it would do. All or nothing: one refused row
 * refuses the file. Rows that are as they should be already change nothing, so a file can be sent again.
 * @throws AppError invalid_input for the file, or with the faults of its rows
 */
export async function importCsv(
  ctx: Ctx,
  { tenantId, csv, dryRun }: z.infer<typeof customerImport>,
): Promise<ImportResult> {
  const plan = await planOf(ctx, tenantId, csv)
  const counts = { create: 0, update: 0, unchanged: 0, refused: 0 }
  for (const { outcome } of plan) counts[outcome]++
  if (!dryRun) {
    if (counts.refused > 0) throw refusedRows(plan, counts.refused)
    for (const row of plan) await apply(ctx, tenantId, row)
    await auditService.record(ctx, {
      action: 'CUSTOMERS_IMPORTED',
      tenantId,
      target: { type: 'tenant', id: tenantId },
      details: counts,
    })
  }
  const rows = plan.map(({ create: _made, update: _changed, ...row }) => row)
  return { done: !dryRun, counts, rows }
}

async function apply(ctx: Ctx, tenantId: string, row: Planned): Promise<void> {
  try {
    if (row.outcome === 'create' && row.create) row.customerId = (await create(ctx, row.create)).id
    if (row.outcome === 'update' && row.update && row.customerId)
      await update(ctx, tenantId, row.customerId, row.update)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // Somebody else was faster, with the same reference or by a change of the definitions.
    throw new AppError(error.code, `csv: line ${row.line}: ${error.message}`)
  }
}

function refusedRows(plan: Planned[], count: number): AppError {
  const errors = plan
    .filter(({ outcome }) => outcome === 'refused')
    .flatMap(({ line, problems }) => problems.map((one): FieldError => at(line, one)))
  const message = `${count} ${count === 1 ? 'row is' : 'rows are'} refused, so nothing was imported. Mend the file and send it again.`
  return new AppError('invalid_input', message, { errors: errors.slice(0, 100) })
}

const at = (line: number, { path, message }: FieldError): FieldError => ({
  path: 'csv',
  message: `line ${line}: ${path === '' ? '' : `${path}: `}${message}`,
})

async function planOf(ctx: Ctx, tenantId: string, csv: string): Promise<Planned[]> {
  const { columns, rows } = readCsv(csv)
  const fields = await settings.keepFields(ctx.tx, tenantId)
  requireColumns(columns, new Set([...BASE_COLUMNS, ...fields.map(({ key }) => OWN + key)]), rows.length)
  const groups = await importing.groupsByName(ctx.tx, tenantId, [...distinct(rows, 'group')])
  const known: Known = { tenantId, fields, groups }
  const match = await matcher(ctx, tenantId, rows)
  const plan: Planned[] = []
  for (const [place, row] of rows.entries()) {
    if (place % AT_ONCE === AT_ONCE - 1) await breathe()
    plan.push(planRow(row, known, match))
  }
  return plan
}

function requireColumns(columns: string[], known: Set<string>, rows: number): void {
  const message = columns.every((name) => name === '')
    ? 'the file is empty: begin with a line of column names'
    : columns.some((name) => !known.has(name))
      ? `there is no column "${columns.find((name) => !known.has(name))}"; there are ${[...known].join(', ')}`
      : rows > IMPORT_ROWS
        ? `there are ${rows} rows; send at most ${IMPORT_ROWS} at once`
        : undefined
  if (message !== undefined)
    throw new AppError('invalid_input', `csv: ${message}`, { errors: [{ path: 'csv', message }] })
}

const distinct = (rows: readonly Row[], column: string): Set<string> =>
  new Set(rows.map(({ cells }) => cells.get(column) ?? '').filter((cell) => cell !== ''))

type Match = (row: Row) => { customer: Customer } | { refused: [path: string, message: string] } | undefined

/**
 * Whom a row means: by its id, else by its reference, else by its e-mail. Nobody twice.
 * A reference that nobody has is given to whoever has the e-mail and no reference of their own.
 */
async function matcher(ctx: Ctx, tenantId: string, rows: readonly Row[]): Promise<Match> {
  const emails = new Set([...distinct(rows, 'email')].map((email) => email.toLowerCase()))
  const found = await importing.candidates(ctx.tx, tenantId, {
    ids: [...distinct(rows, 'id')].filter(isUuid),
    refs: [...distinct(rows, 'externalRef')],
    emails: [...emails],
  })
  const ids = found.map(({ id }) => id)
  const customers = new Map((await getAll(ctx, tenantId, ids)).map((one) => [one.id, one]))
  const byRef = new Map(
    found.flatMap((one) => (one.external_ref === null ? [] : [[one.external_ref, one.id]])),
  )
  const meant = new Map<string, number>()

  const idOf = (row: Row): string | undefined | { refused: [string, string] } => {
    const id = row.cells.get('id')?.toLowerCase()
    if (id) return customers.has(id) ? id : { refused: ['id', 'the tenant has no customer with this id'] }
    const ref = row.cells.get('externalRef') ?? ''
    const known = byRef.get(ref)
    if (known !== undefined) return known
    const email = row.cells.get('email')?.toLowerCase() ?? ''
    const same = found.filter(
      (one) =>
        one.email === email &&
        customers.get(one.id)?.state !== 'merged' &&
        (ref === '' || one.external_ref === null),
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
    const key = id ?? (ref ? `ref ${ref}` : `email ${row.cells.get('email')?.toLowerCase() ?? ''}`)
    const before = meant.get(key)
    meant.set(key, before ?? row.line)
    if (before !== undefined) return { refused: ['', `line ${before} is about the same customer`] }
    const customer = id === undefined ? undefined : customers.get(id)
    return customer && { customer }
  }
}

function planRow(row: Row, known: Known, match: Match): Planned {
  const name = row.cells.get('name') ?? ''
  const refuse = (path: string, message: string) => planRefused(row.line, name, path, message)
  const tenantId = row.cells.get('tenantId')
  if (tenantId && tenantId !== known.tenantId) return refuse('tenantId', 'the row is of another tenant')
  const means = match(row)
  if (means === undefined) return planCreate(row, known)
  if ('refused' in means) return refuse(...means.refused)
  const planned = planUpdate(row, known, means.customer)
  const verdict = canCustomer.change(means.customer)
  // A row that changes nothing is no fault, whatever has become of the customer.
  return planned.outcome === 'unchanged' || verdict.allowed ? planned : refuse('state', verdict.reason)
}

/** An empty file with the tenant's columns, to be filled in. */
export async function importTemplate(ctx: Ctx, tenantId: string): Promise<Download> {
  const fields = await settings.keepFields(ctx.tx, tenantId)
  async function* head(): AsyncGenerator<string> {
    yield writeHead(fields.map(({ key }) => key))
  }
  return { name: 'customers-template.csv', type: 'text/csv; charset=utf-8; header=present', content: head() }
}
