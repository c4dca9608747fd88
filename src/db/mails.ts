import { sql, type Insertable } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { MailsTable } from './types.ts'

export type MailState = 'queued' | 'sent' | 'failed' | 'kept'

const COLUMNS = [
  'mails.id',
  'mails.tenant_id',
  'mails.recipient',
  'mails.subject',
  'mails.template',
  'mails.state',
  'mails.last_error',
  'mails.created_at',
  'mails.settled_at',
] as const

export async function insert(tx: Tx, mail: Insertable<MailsTable>): Promise<void> {
  await tx.insertInto('mails').values(mail).execute()
}

/** Without the bodies. */
export function list(tx: Tx, filter: { state?: MailState; q?: string }, options: ListOptions) {
  let query = tx.selectFrom('mails').select(COLUMNS)
  if (filter.state) query = query.where('state', '=', filter.state)
  if (filter.q) query = query.where('recipient', '=', filter.q.toLowerCase())
  return keysetPage(query, 'mails.id', options)
}

export const find = (tx: Tx, id: string) =>
  tx.selectFrom('mails').selectAll().where('id', '=', id).executeTakeFirst()

/** Ends a mail that was queued. Its body goes with it, unless it is kept. @returns false when it was settled before */
export async function settle(
  tx: Tx,
  id: string,
  state: Exclude<MailState, 'queued'>,
  at: Date,
  error: string | null,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('mails')
    .set({ state, settled_at: at, last_error: error, ...(state === 'kept' ? {} : { body: null }) })
    .where('id', '=', id)
    .where('state', '=', 'queued')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Why it was not sent yet. */
export async function noteError(tx: Tx, id: string, error: string): Promise<void> {
  await tx
    .updateTable('mails')
    .set({ last_error: error })
    .where('id', '=', id)
    .where('state', '=', 'queued')
    .execute()
}

/** Forgets old mails, and before that the bodies of kept ones: their links have run out. */
export async function forgetBefore(tx: Tx, ages: { bodies: Date; mails: Date }): Promise<void> {
  await tx
    .updateTable('mails')
    .set({ body: null })
    .where('state', '=', 'kept')
    .where('created_at', '<', ages.bodies)
    .where(sql<boolean>`body is not null`)
    .execute()
  await tx.deleteFrom('mails').where('state', '!=', 'queued').where('created_at', '<', ages.mails).execute()
}
