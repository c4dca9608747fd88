import type { CustomerImport, CustomerImportList, ImportReport } from '../../../shared/api/customerFiles.ts'
import { canImport } from '../../../shared/states/customerImport.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as imports from '../../db/customerImport.ts'
import type { ImportKey, ImportView } from '../../db/customerImport.ts'
import * as settings from '../../db/customerSettings.ts'
import * as tenants from '../../db/tenants.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import type { Download } from '../../lib/download.ts'
import { newId } from '../../lib/ids.ts'
import { pieces } from '../../lib/pieces.ts'
import * as auditService from '../auditService.ts'
import { enqueueImport, enqueueImportCheck } from '../customerQueues.ts'
import { refused, writeHead } from './csv.ts'

const CHUNK_BYTES = 512 * 1024
const DAY_MS = 86_400_000
const KEPT_MS = 7 * DAY_MS
/** Files of a tenant that are kept until somebody decides, so that nobody fills the disk. */
const MOST_OPEN = 10
const SHOWN = 20

const present = (row: ImportView): CustomerImport => ({
  id: row.id,
  tenantId: row.tenant_id,
  state: row.state,
  name: row.name,
  requestedBy: (row.requested_by as { label?: string }).label ?? '',
  bytes: Number(row.bytes),
  rows: row.row_count,
  report: row.report as ImportReport | null,
  problem: row.problem,
  createdAt: row.created_at.toISOString(),
  finishedAt: row.finished_at?.toISOString() ?? null,
  expiresAt: row.expires_at.toISOString(),
  jobId: row.job_id,
})

/** The tenant's newest imports without their reports; those whose time is over are gone. */
export async function listImports(ctx: Ctx, tenantId: string): Promise<CustomerImportList> {
  return { items: (await imports.list(ctx.tx, tenantId, { limit: SHOWN })).map(present) }
}

/** @throws AppError not_found */
export async function getImport(ctx: Ctx, { tenantId, importId }: ImportKey): Promise<CustomerImport> {
  const [row] = await imports.list(ctx.tx, tenantId, { id: importId, limit: 1 })
  if (!row) throw notFound('import')
  return present(row)
}

/**
 * Stores a file as it comes, a piece in each transaction, and has it checked. Of an upload that breaks off nothing stays.
 * @throws AppError invalid_input for an empty file, invalid_state for a tenant that is not active or has too many open
 * imports, and whatever ends the file before its end
 */
export async function uploadImport(
  root: Root,
  origin: Origin,
  { tenantId, name }: { tenantId: string; name: string },
  file: AsyncIterable<Buffer>,
): Promise<CustomerImport> {
  const key = { tenantId, importId: newId() }
  const within = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    transaction(root, origin, [tenantId], work)
  await within((ctx) => beginUpload(ctx, key, name))
  try {
    let bytes = 0
    let number = 0
    for await (const data of pieces(file, CHUNK_BYTES)) {
      bytes += data.length
      const at = number++
      await within((ctx) => imports.addChunk(ctx.tx, key, at, data))
    }
    if (bytes === 0) throw refused('the file is empty: begin with a line of column names')
    return await within((ctx) => endUpload(ctx, key, bytes))
  } catch (error) {
    // Should this fail as well, the upload is removed with what is too old.
    await within((ctx) => imports.remove(ctx.tx, key)).catch(() => undefined)
    throw error
  }
}

async function beginUpload(ctx: Ctx, { tenantId, importId }: ImportKey, name: string): Promise<void> {
  const tenant = await tenants.lock(ctx.tx, tenantId)
  if (tenant?.state !== 'active')
    throw new AppError('invalid_state', `The tenant is ${tenant?.state}: it takes no new customers.`)
  if ((await imports.countOpen(ctx.tx, tenantId)) >= MOST_OPEN)
    throw new AppError(
      'invalid_state',
      `The tenant has ${MOST_OPEN} imports that have not ended: import or discard one of them first.`,
    )
  const now = ctx.now()
  await imports.insert(ctx.tx, {
    id: importId,
    tenant_id: tenantId,
    name,
    requested_by: JSON.stringify(ctx.actor),
    created_at: now,
    // What nobody has finished uploading by then, nobody will.
    expires_at: new Date(now.getTime() + DAY_MS),
  })
}

async function endUpload(ctx: Ctx, key: ImportKey, bytes: number): Promise<CustomerImport> {
  const row = await imports.lock(ctx.tx, key)
  const tenant = await tenants.find(ctx.tx, key.tenantId)
  if (!row || !tenant) throw notFound('import')
  const expires = new Date(ctx.now().getTime() + KEPT_MS)
  await imports.update(ctx.tx, key, { state: 'checking', bytes: BigInt(bytes), expires_at: expires })
  await enqueueImportCheck(ctx, tenant, key.importId)
  await record(ctx, key, 'CUSTOMER_IMPORT_UPLOADED', { name: row.name, bytes })
  return getImport(ctx, key)
}

/**
 * Has a checked file imported.
 * @throws AppError not_found, invalid_state before it is checked, for refused rows, and a second time
 */
export async function startImport(ctx: Ctx, key: ImportKey): Promise<CustomerImport> {
  const row = await imports.lock(ctx.tx, key)
  const tenant = await tenants.find(ctx.tx, key.tenantId)
  if (!row || !tenant) throw notFound('import')
  const counts = (row.report as ImportReport | null)?.counts
  requireAllowed(canImport.start({ state: row.state, refused: counts?.refused ?? 0 }))
  const expires = new Date(ctx.now().getTime() + KEPT_MS)
  await imports.update(ctx.tx, key, { state: 'importing', expires_at: expires })
  await enqueueImport(ctx, tenant, key.importId)
  await record(ctx, key, 'CUSTOMER_IMPORT_STARTED', { name: row.name, ...counts })
  return getImport(ctx, key)
}

/** Removes a file with everything that was read of it. @throws AppError not_found, invalid_state while it is imported */
export async function discardImport(ctx: Ctx, key: ImportKey): Promise<void> {
  const row = await imports.lock(ctx.tx, key)
  if (!row) throw notFound('import')
  requireAllowed(canImport.discard(row))
  await imports.remove(ctx.tx, key)
  await record(ctx, key, 'CUSTOMER_IMPORT_DISCARDED', { name: row.name })
}

/** Removes imports that are older than they are kept. */
export async function expireImports(ctx: Ctx): Promise<void> {
  for (const row of await imports.removeExpired(ctx.tx, ctx.now()))
    await record(ctx, { tenantId: row.tenant_id, importId: row.id }, 'CUSTOMER_IMPORT_EXPIRED', {
      name: row.name,
    })
}

const record = (
  ctx: Ctx,
  { tenantId, importId }: ImportKey,
  action: string,
  details: Record<string, unknown>,
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId,
    target: { type: 'tenant', id: tenantId },
    details: { importId, ...details },
  })

/** An empty file with the tenant's columns, to be filled in. */
export async function importTemplate(ctx: Ctx, tenantId: string): Promise<Download> {
  const fields = await settings.keepFields(ctx.tx, tenantId)
  async function* head(): AsyncGenerator<string> {
    yield writeHead(fields.map(({ key }) => key))
  }
  return { name: 'customers-template.csv', type: 'text/csv; charset=utf-8; header=present', content: head() }
}
