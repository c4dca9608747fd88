import { sql, type Insertable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { InvitationsTable } from './types.ts'

const view = (tx: Tx) =>
  tx
    .selectFrom('invitations')
    .innerJoin('roles', 'roles.id', 'invitations.role_id')
    .innerJoin('users as inviter', 'inviter.id', 'invitations.invited_by')
    .leftJoin('tenants', 'tenants.id', 'invitations.tenant_id')
    .selectAll('invitations')
    .select([
      'roles.key as role',
      'roles.name as role_name',
      'inviter.name as inviter_name',
      'tenants.name as tenant_name',
    ])

export type InvitationRow = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

const open = (tx: Tx) =>
  view(tx).where('invitations.accepted_at', 'is', null).where('invitations.revoked_at', 'is', null)

export async function insert(tx: Tx, invitation: Insertable<InvitationsTable>): Promise<void> {
  await tx.insertInto('invitations').values(invitation).execute()
}

/** An invitation that is neither accepted nor revoked, within the transaction's scope. */
export const findOpen = (tx: Tx, id: string): Promise<InvitationRow | undefined> =>
  open(tx).where('invitations.id', '=', id).executeTakeFirst()

/** The same, locked until the end of the transaction. */
export async function lockOpen(tx: Tx, id: string): Promise<InvitationRow | undefined> {
  await tx.selectFrom('invitations').select('id').where('id', '=', id).forUpdate().execute()
  return findOpen(tx, id)
}

export const listOfTenant = (tx: Tx, tenantId: string): Promise<InvitationRow[]> =>
  open(tx)
    .where(inScope([tenantId], 'invitations.tenant_id'))
    .orderBy('invitations.id', 'desc')
    .limit(200)
    .execute()

export const listOfPlatform = (tx: Tx, options: ListOptions) =>
  keysetPage(open(tx).where('invitations.tenant_id', 'is', null), 'invitations.id', options)

type Change = Partial<
  Pick<InvitationRow, 'sent_at' | 'expires_at' | 'invited_by' | 'accepted_at' | 'revoked_at'>
>

export async function update(tx: Tx, id: string, change: Change): Promise<void> {
  await tx.updateTable('invitations').set(change).where('id', '=', id).execute()
}

/** Whether somebody with this e-mail holds the role there already. */
export async function isHeld(
  tx: Tx,
  scope: Scope,
  of: { email: string; roleId: string; tenantId: string | null },
): Promise<boolean> {
  const within = scope === 'platform' ? sql`true` : sql`g.tenant_id = any (${[...scope]}::uuid[])`
  const { rows } = await sql`select 1 from role_grants g join users u on u.id = g.user_id
    where u.email = ${of.email} and g.role_id = ${of.roleId}
      and g.tenant_id is not distinct from ${of.tenantId}::uuid and ${within} limit 1`.execute(tx)
  return rows.length === 1
}
