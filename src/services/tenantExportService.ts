import { createHash } from 'node:crypto'
import type { TenantExport, TenantExportList } from '../../shared/api/tenantExports.ts'
import { told, transaction, type Ctx, type Origin, type Root } from '../context.ts'
import * as exports from '../db/tenantExports.ts'
import { tenantTables } from '../db/tenantRows.ts'
import * as tenants from '../db/tenants.ts'
import type { Tx } from '../db/index.ts'
import { AppError, notFound } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import { leftOutOf, NOT_EXPORTED } from './tenants/exportRules.ts'
import { enqueueExport, type ExportPayload } from './tenantQueues.ts'

const FORMAT = 'mpanel-tenant-export'
const VERSION = 1
const KEPT_MS = 7 * 86_400_000
const SHOWN = 20
const WAITING = 'The system is not ready for this yet; it goes on by itself.'

/** The tenant's exports, newest first; those whose time is over are gone. */
export async function list(ctx: Ctx, tenantId: string): Promise<TenantExportList> {
  const rows = await exports.list(ctx.tx, tenantId, SHOWN)
  return { items: rows.map((row) => present(ctx, row)) }
}

const present = (ctx: Ctx, row: exports.ExportView): TenantExport => ({
  id: row.id,
  state: row.state,
  requestedBy: (row.requested_by as { label?: string }).label ?? '',
  bytes: String(row.bytes),
  rows: String(row.row_count),
  sha256: row.sha256,
  problem: told(ctx, row.problem, 'The export could not be made. Start it again, or ask your provider.'),
  createdAt: row.created_at.toISOString(),
  finishedAt: row.finished_at?.toISOString() ?? null,
  expiresAt: row.expires_at?.toISOString() ?? null,
  jobId: row.job_id,
  jobState: row.job_state,
  waitingFor: told(ctx, row.waiting_for, WAITING),
})

/**
 * Starts an export. While one is being written, it answers with that one.
 * @throws AppError not_found, invalid_state for a tenant that is closed
 */
export async function start(ctx: Ctx, tenantId: string): Promise<TenantExportList> {
  const tenant = await tenants.lock(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  if (tenant.state === 'closed')
    throw new AppError('invalid_state', 'The tenant is closed: there is nothing left to export.')
  const running = (await exports.list(ctx.tx, tenantId, 1)).find((row) => row.state === 'waiting')
  const id = running?.id ?? newId()
  if (!running) {
    await exports.insert(ctx.tx, {
      id,
      tenant_id: tenantId,
      requested_by: JSON.stringify(ctx.actor),
      created_at: ctx.now(),
    })
    await enqueueExport(ctx, tenant, id)
  }
  await record(ctx, tenant, 'TENANT_EXPORT_REQUESTED', id)
  return list(ctx, tenantId)
}

export type Lines = { read(): AsyncGenerator<string>; rows(): number }

/**
 * The lines of an export, out of one moment of the database: a header, every row, and a trailer that proves the
 * lines before it. `tx` must be a snapshot.
 */
export function linesOf(tx: Tx, { tenantId, exportId }: ExportPayload, at: Date): Lines {
  const hash = createHash('sha256')
  const counts: Record<string, number> = {}
  let total = 0
  const line = (value: object): string => hashed(`${JSON.stringify(value)}\n`)
  const hashed = (text: string): string => {
    hash.update(text)
    return text
  }
  async function* typed(type: string, rows: AsyncGenerator<string>): AsyncGenerator<string> {
    counts[type] = 0
    for await (const row of rows) {
      counts[type] += 1
      total += 1
      // The row is PostgreSQL's own text: numbers of 64 bits stay as they are.
      yield hashed(`{"type":${JSON.stringify(type)},"row":${row}}\n`)
    }
  }
  async function* read(): AsyncGenerator<string> {
    yield line({ type: 'header', format: FORMAT, version: VERSION, tenantId, exportId, at: at.toISOString() })
    yield* typed('tenants', exports.tenantRow(tx, tenantId))
    yield* typed('users', exports.members(tx, tenantId))
    for (const table of await tenantTables(tx)) {
      if (table.name in NOT_EXPORTED) continue
      const leftOut = table.columns.filter((column) => leftOutOf(table.name, column))
      yield* typed(table.name, exports.rowsOf(tx, table, tenantId, leftOut))
    }
    const sha256 = hash.digest('hex')
    yield `${JSON.stringify({ type: 'trailer', counts, rows: total, sha256 })}\n`
  }
  return { read, rows: () => total }
}

/** Forgets what an earlier attempt has written. */
export const clear = (ctx: Ctx, { exportId }: ExportPayload): Promise<void> =>
  exports.removeChunks(ctx.tx, exportId)

/** Stores the next piece of the file, and how far it is. */
export async function add(ctx: Ctx, payload: ExportPayload, number: number, data: Buffer, so: Progress) {
  await exports.addChunk(ctx.tx, payload, number, data)
  await exports.update(ctx.tx, payload.exportId, { bytes: BigInt(so.bytes), row_count: BigInt(so.rows) })
}
export type Progress = { bytes: number; rows: number }
export type Written = Progress & { sha256: string }

export async function finish(ctx: Ctx, { tenantId, exportId }: ExportPayload, file: Written): Promise<void> {
  const now = ctx.now()
  await exports.update(ctx.tx, exportId, {
    state: 'ready',
    bytes: BigInt(file.bytes),
    row_count: BigInt(file.rows),
    sha256: file.sha256,
    finished_at: now,
    expires_at: new Date(now.getTime() + KEPT_MS),
  })
  const tenant = await tenants.find(ctx.tx, tenantId)
  if (tenant) await record(ctx, tenant, 'TENANT_EXPORTED', exportId, { rows: file.rows, bytes: file.bytes })
}

export async function fail(ctx: Ctx, { exportId }: ExportPayload, problem: string): Promise<void> {
  const now = ctx.now()
  await exports.update(ctx.tx, exportId, {
    state: 'failed',
    problem,
    finished_at: now,
    expires_at: new Date(now.getTime() + KEPT_MS),
  })
}

export type Download = { name: string; bytes: bigint; chunks(): AsyncGenerator<Buffer> }

/**
 * The file, piece by piece, each read when the one before was taken. Who asked for it is written down.
 * @throws AppError not_found, invalid_state before it is ready
 */
export async function download(
  root: Root,
  origin: Origin,
  tenantId: string,
  exportId: string,
): Promise<Download> {
  const { name, bytes } = await transaction(root, origin, [tenantId], async (ctx) => {
    const row = await exports.find(ctx.tx, tenantId, exportId)
    const tenant = await tenants.find(ctx.tx, tenantId)
    if (!row || !tenant) throw notFound('export')
    if (row.state !== 'ready')
      throw new AppError(
        'invalid_state',
        row.state === 'failed'
          ? 'The export could not be made. Start another.'
          : 'The export is still being written. Wait until it is ready.',
      )
    await record(ctx, tenant, 'TENANT_EXPORT_DOWNLOADED', exportId)
    return {
      name: `${tenant.slug}-${row.created_at.toISOString().slice(0, 10)}.jsonl.gz`,
      bytes: row.bytes,
    }
  })
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let number = 0; ; number += 1) {
      const at = number
      const data = await root.db.transaction([tenantId], (tx) => exports.chunk(tx, exportId, at))
      if (!data) return
      yield data
    }
  }
  return { name, bytes, chunks }
}

/** Removes exports that are older than they are kept. */
export async function expire(ctx: Ctx): Promise<void> {
  for (const row of await exports.removeExpired(ctx.tx, ctx.now())) {
    const tenant = await tenants.find(ctx.tx, row.tenant_id)
    if (tenant) await record(ctx, tenant, 'TENANT_EXPORT_EXPIRED', row.id)
  }
}

const record = (
  ctx: Ctx,
  tenant: { id: string; name: string },
  action: string,
  exportId: string,
  more: Record<string, unknown> = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: tenant.id,
    target: { type: 'tenant', id: tenant.id, label: tenant.name },
    details: { exportId, ...more },
  })
