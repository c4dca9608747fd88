import {
  IMPORT_ROWS,
  REPORT_ROWS,
  type ImportReport,
  type ImportRow,
} from '../../../shared/api/customerFiles.ts'
import type { Ctx } from '../../context.ts'
import * as imports from '../../db/customerImport.ts'
import type { ImportKey, RowPlan } from '../../db/customerImport.ts'
import { AppError } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { refused } from './csv.ts'
import { planRefused } from './importRow.ts'
import { planRows, refuseRepeated, requireColumns, type Meant } from './importPlan.ts'
import { create, update } from './record.ts'

/** Rows that are looked at, or imported, in one transaction. */
const CHECKED_AT_ONCE = 200
const IMPORTED_AT_ONCE = 50
const KEPT_MS = 7 * 86_400_000

const NO_REPORT: ImportReport = {
  counts: { create: 0, update: 0, unchanged: 0, refused: 0 },
  faults: 0,
  rows: [],
}

type Row = NonNullable<Awaited<ReturnType<typeof imports.lock>>>

/**
 * The import, which nobody else works on until the transaction ends.
 * @throws AppError not_found once it was discarded, invalid_state
 */
async function lockIn(ctx: Ctx, key: ImportKey, state: Row['state']): Promise<Row> {
  const row = await imports.lock(ctx.tx, key)
  if (!row) throw new AppError('not_found', 'The import is gone: it was discarded, or its time was over.')
  if (row.state !== state) throw new AppError('invalid_state', `The import is ${row.state}.`)
  return row
}

/** The next piece of the uploaded file. */
export const piece = (ctx: Ctx, key: ImportKey, number: number): Promise<Buffer | undefined> =>
  imports.chunk(ctx.tx, key, number)

/**
 * Begins to read the file, anew whatever an earlier attempt has read.
 * @throws AppError invalid_input for the columns, not_found, invalid_state
 */
export async function beginReading(ctx: Ctx, key: ImportKey, columns: string[]): Promise<void> {
  await lockIn(ctx, key, 'checking')
  await requireColumns(ctx, key.tenantId, columns)
  await imports.removeData(ctx.tx, key, ['customer_import_rows'])
  await imports.update(ctx.tx, key, { columns, row_count: 0 })
}

/**
 * Stores the next rows. @param rowCount how many there are with them
 * @throws AppError invalid_input when that is too many, not_found, invalid_state
 */
export async function addRows(
  ctx: Ctx,
  key: ImportKey,
  rows: readonly { line: number; cells: string[] }[],
  rowCount: number,
): Promise<void> {
  if (rowCount > IMPORT_ROWS) throw refused(`there are more than ${IMPORT_ROWS} rows: divide the file`)
  await lockIn(ctx, key, 'checking')
  await imports.addRows(ctx.tx, key, rows)
  await imports.update(ctx.tx, key, { row_count: rowCount })
}

/** How many rows a stage has behind it, and of how many. */
export async function progressOf(ctx: Ctx, key: ImportKey, stage: 'check' | 'import') {
  const [view] = await imports.list(ctx.tx, key.tenantId, { id: key.importId, limit: 1 })
  return { over: await imports.countRows(ctx.tx, key, stage), of: view?.row_count ?? 0 }
}

/** Rows that one transaction has worked on, and the line of the last. */
type Batch = { rows: number; line: number }

const planOf = ({ line, outcome, means, customerId, name, changes, problems }: Meant): RowPlan => ({
  line,
  outcome,
  means,
  customerId,
  plan: { name, changes, problems },
})

/**
 * Looks at the next rows behind a line. @returns undefined when there are none
 * @throws AppError not_found, invalid_state
 */
export async function checkSome(ctx: Ctx, key: ImportKey, after: number): Promise<Batch | undefined> {
  const { columns } = await lockIn(ctx, key, 'checking')
  const rows = await imports.nextRows(ctx.tx, key, { stage: 'check', after, limit: CHECKED_AT_ONCE })
  const last = rows.at(-1)
  if (!last) return undefined
  const plans = await refuseRepeated(ctx, key, await planRows(ctx, key, columns, rows))
  await imports.writePlans(ctx.tx, key, plans.map(planOf), false)
  return { rows: rows.length, line: last.line }
}

/** Why a row could not be imported although nothing spoke against it: the transaction is over, the row is left out. */
export class RowRefused extends Error {
  readonly line: number
  readonly fault: string

  constructor(line: number, fault: string) {
    super(`line ${line}: ${fault}`)
    this.name = 'RowRefused'
    this.line = line
    this.fault = fault
  }
}

/**
 * Imports the next rows behind a line; those to which something has happened since the check are left out.
 * @returns undefined when there are none
 * @throws RowRefused for one that the database refuses
 * @throws AppError not_found, invalid_state also for a tenant that is not active
 */
export async function importSome(ctx: Ctx, key: ImportKey, after: number): Promise<Batch | undefined> {
  await tenantScopeService.requireActive(ctx, key.tenantId)
  const { columns } = await lockIn(ctx, key, 'importing')
  const rows = await imports.nextRows(ctx.tx, key, { stage: 'import', after, limit: IMPORTED_AT_ONCE })
  const last = rows.at(-1)
  if (!last) return undefined
  const expected = new Map(rows.map((row) => [row.line, row.customer_id]))
  const plans: Meant[] = []
  for (const plan of await planRows(ctx, key, columns, rows)) {
    const asChecked = plan.outcome === 'refused' || plan.customerId === expected.get(plan.line)
    plans.push(asChecked ? await apply(ctx, key.tenantId, plan) : outdated(plan))
  }
  await imports.writePlans(ctx.tx, key, plans.map(planOf), true)
  return { rows: rows.length, line: last.line }
}

const outdated = (plan: Meant): Meant => ({
  ...planRefused(plan.line, plan.name, '', 'since the file was checked, it means another customer'),
  means: plan.means,
})

async function apply(ctx: Ctx, tenantId: string, plan: Meant): Promise<Meant> {
  try {
    if (plan.outcome === 'create' && plan.create)
      return { ...plan, customerId: (await create(ctx, plan.create)).id }
    if (plan.outcome === 'update' && plan.update && plan.customerId)
      await update(ctx, tenantId, plan.customerId, plan.update)
    return plan
  } catch (error) {
    // Somebody else was faster, with the same reference or by a change of the definitions.
    if (error instanceof AppError) throw new RowRefused(plan.line, error.message)
    throw error
  }
}

/** Leaves out a row that could not be imported. @throws AppError not_found, invalid_state */
export async function leaveOut(ctx: Ctx, key: ImportKey, { line, fault }: RowRefused): Promise<void> {
  await lockIn(ctx, key, 'importing')
  const plan = { ...planRefused(line, '', '', fault), means: null }
  await imports.writePlans(ctx.tx, key, [planOf(plan)], true)
}

async function reportOf(ctx: Ctx, key: ImportKey, done: boolean): Promise<ImportReport> {
  const counts = { ...NO_REPORT.counts }
  let faults = 0
  for (const counted of await imports.countOutcomes(ctx.tx, key, done)) {
    counts[counted.outcome] = counted.rows
    faults += counted.faults
  }
  const rows = (await imports.shownRows(ctx.tx, key, { done, limit: REPORT_ROWS })).map(
    ({ line, outcome, customerId, plan }): ImportRow => ({ line, outcome, customerId, ...plan }),
  )
  return { counts, faults, rows }
}

/** The end of the check: what the file would do. @throws AppError not_found, invalid_state */
export async function checked(ctx: Ctx, key: ImportKey): Promise<void> {
  await lockIn(ctx, key, 'checking')
  await imports.removeData(ctx.tx, key, ['customer_import_chunks'])
  const report = JSON.stringify(await reportOf(ctx, key, false))
  await imports.update(ctx.tx, key, { state: 'checked', report })
}

/** The end of the import: what the file has done. Only the report is left of it. @throws AppError not_found, invalid_state */
export async function imported(ctx: Ctx, key: ImportKey): Promise<void> {
  await lockIn(ctx, key, 'importing')
  await end(ctx, key, { state: 'done', report: await reportOf(ctx, key, true) })
}

/** What the job could not do; what it has imported stays, and the same file goes on from there. */
export async function failed(ctx: Ctx, key: ImportKey, problem: string): Promise<void> {
  const row = await imports.lock(ctx.tx, key)
  if (!row || row.finished_at) return
  await end(ctx, key, {
    state: 'failed',
    report: row.state === 'importing' ? await reportOf(ctx, key, true) : null,
    problem,
  })
}

async function end(
  ctx: Ctx,
  key: ImportKey,
  {
    state,
    report,
    problem = null,
  }: { state: 'done' | 'failed'; report: ImportReport | null; problem?: string | null },
): Promise<void> {
  const now = ctx.now()
  await imports.removeData(ctx.tx, key, ['customer_import_chunks', 'customer_import_rows'])
  await imports.update(ctx.tx, key, {
    state,
    problem,
    report: report && JSON.stringify(report),
    finished_at: now,
    expires_at: new Date(now.getTime() + KEPT_MS),
  })
  await auditService.record(ctx, {
    action: state === 'done' ? 'CUSTOMERS_IMPORTED' : 'CUSTOMER_IMPORT_FAILED',
    tenantId: key.tenantId,
    target: { type: 'tenant', id: key.tenantId },
    details: { importId: key.importId, ...report?.counts },
    outcome: state === 'done' ? 'success' : 'error',
  })
}
