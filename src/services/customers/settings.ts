import type { z } from 'zod'
import type {
  CustomerField,
  customerFieldCreate,
  customerFieldUpdate,
  CustomerGroup,
  customerGroupCreate,
  customerGroupUpdate,
} from '../../../shared/api/customerSettings.ts'
import type { Ctx } from '../../context.ts'
import * as settings from '../../db/customerSettings.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'

type GroupRow = Awaited<ReturnType<typeof settings.insertGroup>>
type FieldRow = Awaited<ReturnType<typeof settings.insertField>>

const presentGroup = (row: GroupRow): CustomerGroup => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  description: row.description,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

const presentField = (row: FieldRow): CustomerField => ({
  id: row.id,
  tenantId: row.tenant_id,
  key: row.key,
  label: row.label,
  type: row.type,
  choices: row.choices,
  required: row.required,
  searchable: row.searchable,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

const taken = (constraint: string, message: string) => (error: unknown) => {
  if (violatedConstraint(error) !== constraint) throw error
  throw new AppError('already_exists', message)
}
const groupTaken = taken('customer_groups_name', 'There is already a group of that name. Choose another.')
const fieldTaken = taken(
  'customer_fields_tenant_id_key_key',
  'There is already a field with that key. Choose another.',
)

export async function listGroups(ctx: Ctx, options: ListOptions) {
  const page = await settings.listGroups(ctx.tx, ctx.scope, options)
  return { items: page.items.map(presentGroup), nextCursor: page.nextCursor }
}

/** @throws AppError already_exists for the name */
export async function createGroup(
  ctx: Ctx,
  { tenantId, name, description }: z.infer<typeof customerGroupCreate>,
): Promise<CustomerGroup> {
  const row = await settings
    .insertGroup(ctx.tx, { id: newId(), tenant_id: tenantId, name, description, created_at: ctx.now() })
    .catch(groupTaken)
  await auditService.record(ctx, { action: 'CUSTOMER_GROUP_CREATED', ...groupTarget(row) })
  return presentGroup(row)
}

/** @throws AppError not_found, precondition_failed, already_exists for the name */
export async function updateGroup(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: z.infer<typeof customerGroupUpdate>,
  version?: number,
): Promise<CustomerGroup> {
  const before = await settings.lockGroup(ctx.tx, tenantId, id)
  if (!before) throw notFound('customer group')
  requireVersion(before.version, version)
  const row = await settings.updateGroup(ctx.tx, id, body).catch(groupTaken)
  await auditService.record(ctx, {
    action: 'CUSTOMER_GROUP_UPDATED',
    ...groupTarget(row),
    diff: auditService.diffOf(before, body),
  })
  return presentGroup(row)
}

/** @throws AppError not_found, invalid_state while customers are in it */
export async function deleteGroup(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const row = await settings.lockGroup(ctx.tx, tenantId, id)
  if (!row) throw notFound('customer group')
  if (await settings.groupIsUsed(ctx.tx, id))
    throw new AppError('invalid_state', 'Customers are in this group. Move them to another one first.')
  await settings.deleteGroup(ctx.tx, id)
  await auditService.record(ctx, { action: 'CUSTOMER_GROUP_DELETED', ...groupTarget(row) })
}

const groupTarget = (row: GroupRow) => ({
  tenantId: row.tenant_id,
  target: { type: 'customerGroup', id: row.id, label: row.name },
})

export async function listFields(ctx: Ctx, options: ListOptions) {
  const page = await settings.listFields(ctx.tx, ctx.scope, options)
  return { items: page.items.map(presentField), nextCursor: page.nextCursor }
}

/** @throws AppError already_exists for the key */
export async function createField(
  ctx: Ctx,
  { tenantId, ...field }: z.infer<typeof customerFieldCreate>,
): Promise<CustomerField> {
  const row = await settings
    .insertField(ctx.tx, { id: newId(), tenant_id: tenantId, ...field, created_at: ctx.now() })
    .catch(fieldTaken)
  await auditService.record(ctx, { action: 'CUSTOMER_FIELD_CREATED', ...fieldTarget(row) })
  return presentField(row)
}

/** Choices may be added, not taken away: customers may have them. @throws AppError not_found, precondition_failed, invalid_input */
export async function updateField(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: z.infer<typeof customerFieldUpdate>,
  version?: number,
): Promise<CustomerField> {
  const before = await settings.lockField(ctx.tx, tenantId, id)
  if (!before) throw notFound('customer field')
  requireVersion(before.version, version)
  const { choices } = body
  if (choices && (before.type !== 'choice' || before.choices.some((choice) => !choices.includes(choice)))) {
    const message = 'choices of a choice may only be added to: keep those that exist'
    throw new AppError('invalid_input', `choices: ${message}`, { errors: [{ path: 'choices', message }] })
  }
  const row = await settings.updateField(ctx.tx, id, body)
  await auditService.record(ctx, {
    action: 'CUSTOMER_FIELD_UPDATED',
    ...fieldTarget(row),
    diff: auditService.diffOf(before, body),
  })
  return presentField(row)
}

/** @throws AppError not_found, invalid_state while a customer has a value of it */
export async function deleteField(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const row = await settings.lockField(ctx.tx, tenantId, id)
  if (!row) throw notFound('customer field')
  if (await settings.fieldIsUsed(ctx.tx, tenantId, row.key))
    throw new AppError('invalid_state', 'Customers have a value in this field. Take the values away first.')
  await settings.deleteField(ctx.tx, id)
  await auditService.record(ctx, { action: 'CUSTOMER_FIELD_DELETED', ...fieldTarget(row) })
}

const fieldTarget = (row: FieldRow) => ({
  tenantId: row.tenant_id,
  target: { type: 'customerField', id: row.id, label: row.label },
})
