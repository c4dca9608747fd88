import type { Insertable } from 'kysely'
import type { Tx } from './index.ts'
import type { UserFiltersTable } from './types.ts'

export function listOf(tx: Tx, userId: string) {
  return tx
    .selectFrom('user_filters')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('list')
    .orderBy('name')
    .execute()
}

/** What has that name in that list takes the new filter. */
export function save(tx: Tx, values: Insertable<UserFiltersTable>) {
  return tx
    .insertInto('user_filters')
    .values(values)
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'list', 'name']).doUpdateSet({ search: values.search }),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
}

export function remove(tx: Tx, userId: string, id: string) {
  return tx
    .deleteFrom('user_filters')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .returning(['list', 'name'])
    .executeTakeFirst()
}
