import type { z } from 'zod'
import type {
  CustomerContact,
  customerContactCreate,
  customerContactUpdate,
  CustomerNote,
  customerNoteCreate,
  customerNoteUpdate,
  CustomerStatistics,
} from '../../../shared/api/customerFile.ts'
import type { Ctx } from '../../context.ts'
import * as file from '../../db/customerFile.ts'
import type { ListOptions } from '../../db/list.ts'
import { notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { requireChangeable } from './record.ts'

type ContactRow = Awaited<ReturnType<typeof file.insertContact>>
type NoteRow = Awaited<ReturnType<typeof file.insertNote>>

const presentContact = (row: ContactRow): CustomerContact => ({
  id: row.id,
  tenantId: row.tenant_id,
  customerId: row.customer_id,
  name: row.name,
  email: row.email,
  phone: row.phone,
  topics: row.topics,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

const presentNote = (row: NoteRow): CustomerNote => ({
  id: row.id,
  tenantId: row.tenant_id,
  customerId: row.customer_id,
  text: row.text,
  author: row.author,
  pinned: row.pinned,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

/** The event belongs to the customer, so that its timeline shows it. */
const event = (
  action: string,
  row: { tenant_id: string; customer_id: string; id: string },
  label: string,
) => ({
  action,
  tenantId: row.tenant_id,
  target: { type: 'customer', id: row.customer_id, label },
  details: { id: row.id },
})

export const statistics = (ctx: Ctx, tenantId: string, id: string): Promise<CustomerStatistics> =>
  file.statistics(ctx.tx, tenantId, id, ctx.now())

export async function listContacts(ctx: Ctx, tenantId: string, customerId: string, options: ListOptions) {
  const page = await file.listContacts(ctx.tx, tenantId, customerId, options)
  return { items: page.items.map(presentContact), nextCursor: page.nextCursor }
}

/** @throws AppError not_found, invalid_state for a customer that was merged or erased */
export async function addContact(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  body: z.infer<typeof customerContactCreate>,
): Promise<CustomerContact> {
  await requireChangeable(ctx, tenantId, customerId)
  const row = await file.insertContact(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    customer_id: customerId,
    ...body,
    created_at: ctx.now(),
  })
  await auditService.record(ctx, event('CUSTOMER_CONTACT_ADDED', row, row.name))
  return presentContact(row)
}

/** @throws AppError not_found, precondition_failed */
export async function updateContact(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: z.infer<typeof customerContactUpdate>,
  version?: number,
): Promise<CustomerContact> {
  const before = await file.lockContact(ctx.tx, tenantId, id)
  if (!before) throw notFound('contact')
  requireVersion(before.version, version)
  const row = await file.updateContact(ctx.tx, id, body)
  const diff = auditService.diffOf(before, body)
  await auditService.record(ctx, { ...event('CUSTOMER_CONTACT_UPDATED', row, row.name), diff })
  return presentContact(row)
}

/** @throws AppError not_found */
export async function removeContact(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const row = await file.lockContact(ctx.tx, tenantId, id)
  if (!row) throw notFound('contact')
  await file.deleteContact(ctx.tx, id)
  await auditService.record(ctx, event('CUSTOMER_CONTACT_REMOVED', row, row.name))
}

export async function listNotes(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  options: ListOptions & { pinned?: boolean },
) {
  const page = await file.listNotes(ctx.tx, tenantId, customerId, options, options)
  return { items: page.items.map(presentNote), nextCursor: page.nextCursor }
}

/** @throws AppError not_found, invalid_state for a customer that was merged or erased */
export async function addNote(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  body: z.infer<typeof customerNoteCreate>,
): Promise<CustomerNote> {
  await requireChangeable(ctx, tenantId, customerId)
  const row = await file.insertNote(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    customer_id: customerId,
    ...body,
    author: ctx.actor.label,
    created_at: ctx.now(),
  })
  await auditService.record(ctx, event('CUSTOMER_NOTE_ADDED', row, 'a note'))
  return presentNote(row)
}

/** The author stays who wrote it first; the audit log tells who changed it. @throws AppError not_found, precondition_failed */
export async function updateNote(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: z.infer<typeof customerNoteUpdate>,
  version?: number,
): Promise<CustomerNote> {
  const before = await file.lockNote(ctx.tx, tenantId, id)
  if (!before) throw notFound('note')
  requireVersion(before.version, version)
  const row = await file.updateNote(ctx.tx, id, body)
  const diff = auditService.diffOf(before, body)
  await auditService.record(ctx, { ...event('CUSTOMER_NOTE_UPDATED', row, 'a note'), diff })
  return presentNote(row)
}

/** @throws AppError not_found */
export async function removeNote(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const row = await file.lockNote(ctx.tx, tenantId, id)
  if (!row) throw notFound('note')
  await file.deleteNote(ctx.tx, id)
  await auditService.record(ctx, event('CUSTOMER_NOTE_REMOVED', row, 'a note'))
}
