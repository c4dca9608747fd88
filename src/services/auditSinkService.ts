import type {
  AuditSink,
  AuditSinkMade,
  AuditSinkUpdate,
  auditSinkCreate,
} from '../../shared/api/auditSinks.ts'
import type { z } from 'zod'
import type { Page } from '../../shared/api/common.ts'
import type { Ctx, Root } from '../context.ts'
import { violatedConstraint } from '../db/index.ts'
import * as sinks from '../db/auditSinks.ts'
import type { ListOptions } from '../db/list.ts'
import { AppError, notFound } from '../errors.ts'
import { randomToken } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'
import { purposeOf, send } from './audit/delivery.ts'
import { enqueueSinkTest } from './auditQueues.ts'
import * as auditService from './auditService.ts'

export { deliverDue } from './audit/delivery.ts'

const MAX_SINKS = 5

const view = (row: sinks.SinkState): AuditSink => ({
  id: row.id,
  tenantId: row.tenant_id,
  kind: row.kind,
  name: row.name,
  address: row.address,
  state: row.state,
  createdAt: row.created_at.toISOString(),
  delivered: row.delivered.toString(),
  deliveredAt: row.delivered_at?.toISOString() ?? null,
  behind: row.behind,
  waitingSince: row.waiting_since?.toISOString() ?? null,
  failures: row.failures,
  lastError: row.last_error,
  nextAttemptAt: row.next_attempt_at.toISOString(),
})

export async function list(ctx: Ctx, options: ListOptions): Promise<Page<AuditSink>> {
  const { items, nextCursor } = await sinks.list(ctx.tx, ctx.scope, options)
  return { items: items.map(view), nextCursor }
}

/**
 * A new receiver. It gets what is sealed from now on.
 * @throws AppError invalid_input for syslog of a tenant, quota_exceeded, already_exists for a name that is taken
 */
export async function create(ctx: Ctx, input: z.output<typeof auditSinkCreate>): Promise<AuditSinkMade> {
  const { tenantId, kind, name, address, caPem } = input
  if (tenantId !== null && kind === 'syslog')
    throw new AppError('invalid_input', 'Only the platform delivers by syslog. Use a webhook.', {
      errors: [{ path: 'kind', message: 'only webhook for a tenant' }],
    })
  if ((await sinks.countOf(ctx.tx, tenantId)) >= MAX_SINKS)
    throw new AppError(
      'quota_exceeded',
      `There are ${MAX_SINKS} sinks already. Delete one that is not needed.`,
    )
  const id = newId()
  const secret = kind === 'webhook' ? `whsec_${randomToken()}` : null
  const row: sinks.SinkRow = {
    id,
    tenant_id: tenantId,
    kind,
    name,
    address,
    ca_pem: caPem,
    secret: secret === null ? null : ctx.sealer.seal(secret, purposeOf(id)),
    state: 'active',
    next_batch: await sinks.nextBatch(ctx.tx),
    next_position: 0,
    delivered: 0n,
    delivered_at: null,
    failures: 0,
    last_error: null,
    next_attempt_at: ctx.now(),
    lease: null,
    lease_until: null,
    created_at: ctx.now(),
  }
  try {
    await sinks.insert(ctx.tx, row)
  } catch (error) {
    if (violatedConstraint(error) === undefined) throw error
    throw new AppError('already_exists', `There is a sink ${name} already. Choose another name.`)
  }
  await auditService.record(ctx, { ...eventOf(row, 'AUDIT_SINK_CREATED'), details: { kind, address } })
  return { ...view({ ...row, behind: 0, waiting_since: null }), secret }
}

/** Renames, pauses or resumes. A resumed sink is tried again at once. @throws AppError not_found, already_exists */
export async function update(ctx: Ctx, id: string, change: AuditSinkUpdate): Promise<AuditSink> {
  const row = await owned(ctx, id)
  const diff = auditService.diffOf({ name: row.name, state: row.state }, change)
  if (Object.keys(diff).length > 0) {
    try {
      await sinks.update(ctx.tx, id, {
        ...(change.name === undefined ? {} : { name: change.name }),
        ...(change.state === undefined
          ? {}
          : { state: change.state, next_attempt_at: ctx.now(), failures: 0 }),
      })
    } catch (error) {
      if (violatedConstraint(error) === undefined) throw error
      throw new AppError('already_exists', `There is a sink ${change.name} already. Choose another name.`)
    }
    await auditService.record(ctx, { ...eventOf(row, 'AUDIT_SINK_UPDATED'), diff })
  }
  const found = await sinks.findState(ctx.tx, ctx.scope, id)
  if (!found) throw notFound('sink')
  return view(found)
}

/** @throws AppError not_found */
export async function remove(ctx: Ctx, id: string): Promise<void> {
  const row = await owned(ctx, id)
  await sinks.remove(ctx.tx, id)
  await auditService.record(ctx, { ...eventOf(row, 'AUDIT_SINK_DELETED'), details: { address: row.address } })
}

/** Sends one test event, by a job. @throws AppError not_found */
export async function test(ctx: Ctx, id: string): Promise<{ jobId: string }> {
  const row = await owned(ctx, id)
  const job = await enqueueSinkTest(ctx, { id, tenantId: row.tenant_id, name: row.name })
  return { jobId: job.id }
}

/** The sink as a job needs it; undefined once it was deleted. */
export const forTest = (ctx: Ctx, id: string): Promise<sinks.SinkRow | undefined> => sinks.peek(ctx.tx, id)

/** @throws OutgoingFault */
export async function sendTest(root: Root, sink: sinks.SinkRow): Promise<void> {
  const at = root.now().toISOString()
  await send(root, sink, [
    {
      id: newId(),
      at,
      tenantId: sink.tenant_id,
      action: 'AUDIT_SINK_TESTED',
      outcome: 'success',
      actor: {
        type: 'system',
        id: null,
        label: 'mPanel',
      },
      diff: null,
      details: { test: true },
      target: {
        type: 'auditSink',
        id: sink.id,
        label: sink.name,
      },
      requestId: null,
      correlationId: null,
      jobId: null,
      ip: null,
      batch: '0',
      position: 0,
      leaf: null,
    },
  ])
}

async function owned(ctx: Ctx, id: string): Promise<sinks.SinkRow> {
  const row = await sinks.find(ctx.tx, id)
  if (!row) throw notFound('sink')
  return row
}

/** Whoever may call is limited to a tenant; the platform's sinks are nobody's but the platform's. */
const eventOf = (row: sinks.SinkRow, action: string): auditService.Event => ({
  action,
  tenantId: row.tenant_id,
  target: { type: 'auditSink', id: row.id, label: row.name },
})
