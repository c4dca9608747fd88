import { createHash } from 'node:crypto'
import type { Ctx } from '../../context.ts'
import * as closures from '../../db/tenantClosures.ts'
import * as erasure from '../../db/tenantErasure.ts'
import { foreignKeys, tenantTables, type ForeignKey, type TenantTable } from '../../db/tenantRows.ts'
import * as tenants from '../../db/tenants.ts'
import { canonicalJson } from '../../lib/canonicalJson.ts'
import * as auditService from '../auditService.ts'
import type { ClosePayload } from '../tenantQueues.ts'

/** Tables of which rows stay, with the reason. Every other table's rows are erased, also those of tables to come. */
export const KEPT_TABLES: Record<string, string> = {
  audit_events: 'who did what; sealed, and never changed',
  audit_holds: 'what keeps the audit log, and why',
  billing_pdfs: 'a document of the books',
  cloud_pod_plans: 'what the kept invoices were for',
  coupons: 'what the kept invoices were for',
  credit_note_lines: 'a document of the books',
  credit_notes: 'a document of the books',
  customers: 'only those to whom a document points, emptied of what is personal',
  invoice_lines: 'a document of the books',
  invoice_series: 'the numbers of the documents',
  invoices: 'a document of the books',
  ledger_accounts: 'the books',
  ledger_entries: 'the books',
  ledger_tx: 'the books',
  payment_allocations: 'the books',
  payments: 'the books',
  prices: 'what the kept invoices were for',
  subscription_items: 'what the kept invoices were for',
  subscriptions: 'what the kept invoices were for',
  tenant_figures: 'how many there are of what is kept',
  tenant_closures: 'the closing itself and its proof',
}

/** What stays of a customer to whom a document points. */
const KEPT_OF_CUSTOMERS = [
  'id',
  'tenant_id',
  'kind',
  'currency',
  'merged_into',
  'version',
  'created_at',
  'updated_at',
]
const BATCH = 5_000

/** Tables whose rows are erased, those that point to others first. */
async function erasable(ctx: Ctx): Promise<TenantTable[]> {
  const tables = (await tenantTables(ctx.tx)).filter((table) => !(table.name in KEPT_TABLES))
  const sorted = pointersFirst(tables, await foreignKeys(ctx.tx))
  // Whose last access this is, their grants tell: these go last, and people just before them.
  const last = ['role_grants', 'roles']
  return [
    ...sorted.filter(({ name }) => !last.includes(name)),
    ...last.flatMap((name) => sorted.filter((table) => table.name === name)),
  ]
}

function pointersFirst(tables: readonly TenantTable[], keys: readonly ForeignKey[]): TenantTable[] {
  const left = new Map(tables.map((table) => [table.name, table]))
  const sorted: TenantTable[] = []
  while (left.size > 0) {
    const free = [...left.values()].filter(
      ({ name }) => !keys.some((key) => key.parent === name && key.child !== name && left.has(key.child)),
    )
    // Tables that point to each other are tried in any order: what cannot go yet is told by the database.
    for (const table of free.length > 0 ? free : [...left.values()]) {
      sorted.push(table)
      left.delete(table.name)
    }
  }
  return sorted
}

/**
 * Erases the next rows, from the stage `from` on.
 * @returns how many, and at which stage; 0: there is nothing left
 */
export async function eraseSome(
  ctx: Ctx,
  { tenantId, closureId }: ClosePayload,
  from = 0,
): Promise<{ rows: number; stage: number }> {
  const { tx } = ctx
  const stages: [name: string, erase: () => Promise<number>][] = [
    ['emptied customers', () => erasure.blankCustomers(tx, tenantId, KEPT_OF_CUSTOMERS, BATCH)],
    ['ip_addresses', () => erasure.forgetAddresses(tx, tenantId)],
  ]
  for (const table of await erasable(ctx)) {
    if (table.name === 'role_grants') stages.push(['users', () => erasure.eraseUsers(tx, tenantId)])
    stages.push([table.name, () => erasure.eraseRows(tx, table, tenantId, BATCH)])
  }
  stages.push(['customers', () => erasure.eraseCustomers(tx, tenantId)])
  for (const [index, [name, erase]] of stages.entries()) {
    const rows = index < from ? 0 : await erase()
    if (rows > 0) await closures.addErased(tx, closureId, name, rows)
    if (rows > 0) return { rows, stage: index }
  }
  return { rows: 0, stage: stages.length }
}

/**
 * Counts what is left, and if that is nothing, closes the tenant with the signed proof.
 * @returns the tables in which there is still something
 */
export async function closeWhenEmpty(ctx: Ctx, { tenantId, closureId }: ClosePayload): Promise<string[]> {
  const tenant = await tenants.lock(ctx.tx, tenantId)
  const closure = await closures.find(ctx.tx, tenantId, closureId)
  if (!tenant || !closure) throw new Error(`closing ${closureId} is not in the database`)
  const tables = await erasable(ctx)
  const remaining = await erasure.countRows(ctx.tx, tables, tenantId)
  const left = Object.keys(remaining).filter((table) => remaining[table] !== 0)
  if (left.length > 0) return left
  const kept = (await tenantTables(ctx.tx)).filter(({ name }) => name in KEPT_TABLES)
  const now = ctx.now()
  const document = {
    format: 'mpanel-tenant-closure',
    version: 1,
    tenant: { id: tenant.id, name: tenant.name, slug: tenant.slug },
    closure: { id: closure.id, reason: closure.reason, by: closure.started_by },
    startedAt: closure.started_at.toISOString(),
    closedAt: now.toISOString(),
    pods: closure.pods,
    erased: closure.erased,
    remaining,
    kept: await erasure.countRows(ctx.tx, kept, tenantId),
  }
  const hash = createHash('sha256').update(canonicalJson(document)).digest()
  const signed = await auditService.signHash(ctx, hash)
  const sha256 = hash.toString('hex')
  const proof = JSON.stringify({ document, sha256, algorithm: 'Ed25519', ...signed })
  await closures.update(ctx.tx, closureId, { state: 'closed', ended_at: now, proof })
  await tenants.update(ctx.tx, tenantId, { state: 'closed', updated_at: now })
  await auditService.record(ctx, {
    action: 'TENANT_CLOSED',
    tenantId,
    target: { type: 'tenant', id: tenantId, label: tenant.name },
    diff: { state: [tenant.state, 'closed'] },
    details: { closureId, erased: closure.erased, proofSha256: sha256 },
  })
  return []
}
