import { sql } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'

/** A user with what decides about acting under their name; undefined when there is none. */
export async function subject(tx: Tx, userId: string) {
  return tx
    .selectFrom('users')
    .select(['id', 'email', 'kind', 'state'])
    .where('id', '=', userId)
    .executeTakeFirst()
}

/** How an operator has proven who he is, and until when his session lasts. */
export async function proofOf(tx: Tx, sessionId: string) {
  return tx
    .selectFrom('sessions')
    .select(['verified_by', 'sso_mfa', 'expires_at'])
    .select(sql<boolean>`has_second_factor(user_id)`.as('has_mfa'))
    .where('id', '=', sessionId)
    .executeTakeFirst()
}

/** Ends one, with the mark that its end is told. @returns false when that was marked before */
export async function stop(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set({ revoked_at: sql`coalesce(revoked_at, ${at})`, end_told: true })
    .where('id', '=', id)
    .where('end_told', '=', false)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export type EndedImpersonation = {
  user_id: string
  email: string
  impersonator_id: string
  impersonator_email: string
  reason: string
  read_only: boolean
  ended_at: Date
  /** Nobody ended it, nor the operator's own session, before its time. */
  ran_out: boolean
  /** Where the user was granted something; the tenants that learn of it. */
  tenants: string[]
}

/** Those that are over and of whose end nobody was told; they are marked as told. */
export async function endOver(tx: Tx, at: Date): Promise<EndedImpersonation[]> {
  const { rows } = await sql<EndedImpersonation>`
    update sessions s set end_told = true, revoked_at = least(s.revoked_at, p.revoked_at, s.expires_at)
    from sessions p, users u, users i
    where p.id = s.parent_id and u.id = s.user_id and i.id = s.impersonator_id
      and s.impersonator_id is not null and not s.end_told
      and (s.expires_at <= ${at} or s.revoked_at is not null or p.revoked_at is not null)
    returning s.user_id, u.email, s.impersonator_id, i.email as impersonator_email, s.reason, s.read_only,
      s.revoked_at as ended_at, s.revoked_at = s.expires_at as ran_out,
      array(select distinct g.tenant_id from role_grants g
        where g.user_id = s.user_id and g.tenant_id is not null) as tenants`.execute(tx)
  return rows
}

/** When somebody acted under this user's name. */
export const listOfUser = (tx: Tx, userId: string, options: ListOptions) =>
  keysetPage(
    tx
      .selectFrom('sessions as s')
      .innerJoin('users as i', 'i.id', 's.impersonator_id')
      .select(['s.id', 's.created_at', 's.reason', 's.read_only', 'i.email', 'i.name'])
      .select(sql<Date>`least(s.expires_at, s.revoked_at)`.as('ended_at'))
      .where('s.user_id', '=', userId),
    's.id',
    options,
  )
