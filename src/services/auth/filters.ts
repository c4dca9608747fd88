import type { SavedFilter, SavedFilterCreate } from '../../../shared/api/authFilters.ts'
import type { FilteredList } from '../../../shared/states/savedFilter.ts'
import type { Ctx } from '../../context.ts'
import * as db from '../../db/authFilters.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import type { Identity } from '../userService.ts'
import { self } from './self.ts'

const MOST = 200

type Row = Awaited<ReturnType<typeof db.listOf>>[number]
const present = (row: Row): SavedFilter => ({
  id: row.id,
  list: row.list as FilteredList,
  name: row.name,
  search: row.search as SavedFilter['search'],
  createdAt: row.created_at.toISOString(),
})

/** The caller's saved filters of all lists, by list and name. */
export async function listFilters(ctx: Ctx, { user }: Identity): Promise<{ items: SavedFilter[] }> {
  return { items: (await db.listOf(ctx.tx, user.id)).map(present) }
}

/**
 * Saves a filter under a name; one of the same list and name takes the new filter.
 * @throws AppError invalid_state for the 201st
 */
export async function saveFilter(ctx: Ctx, me: Identity, given: SavedFilterCreate): Promise<SavedFilter> {
  const known = await db.listOf(ctx.tx, me.user.id)
  const isNew = !known.some(({ list, name }) => list === given.list && name === given.name)
  if (isNew && known.length >= MOST)
    throw new AppError('invalid_state', `You have ${MOST} saved filters. Remove one that you no longer use.`)
  const row = await db.save(ctx.tx, {
    id: newId(),
    user_id: me.user.id,
    list: given.list,
    name: given.name,
    search: JSON.stringify(given.search),
    created_at: ctx.now(),
  })
  await auditService.record(ctx, {
    action: 'SAVED_FILTER_SAVED',
    tenantId: null,
    target: self(me),
    details: { list: row.list, name: row.name },
  })
  return present(row)
}

/** @throws AppError not_found for what is not the caller's */
export async function removeFilter(ctx: Ctx, me: Identity, id: string): Promise<void> {
  const removed = await db.remove(ctx.tx, me.user.id, id)
  if (!removed) throw notFound('saved filter')
  await auditService.record(ctx, {
    action: 'SAVED_FILTER_REMOVED',
    tenantId: null,
    target: self(me),
    details: removed,
  })
}
