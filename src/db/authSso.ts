import { sql, type Insertable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { SsoProvidersTable, SsoStatesTable, UserIdentitiesTable } from './types.ts'

/** `provenAt` as PostgreSQL writes it in JSON; null: whose the domain is, is not known. */
export type DomainProof = { domain: string; proof: string; provenAt: string | null; fault: string | null }

const providers = (tx: Tx) =>
  tx
    .selectFrom('sso_providers as p')
    .leftJoin('users as b', 'b.id', 'p.break_glass_user_id')
    .leftJoin('roles as r', 'r.id', 'p.sign_up_role_id')
    .selectAll('p')
    .select(['b.email as break_glass_email', 'r.name as sign_up_role_name'])
    .select([
      sql<string[]>`array(select d.domain from sso_domains d where d.provider_id = p.id order by 1)`.as(
        'domains',
      ),
      sql<
        DomainProof[]
      >`(select coalesce(jsonb_agg(jsonb_build_object('domain', d.domain, 'proof', d.proof, 'provenAt', d.proven_at,
        'fault', d.fault) order by d.domain), '[]') from sso_domains d where d.provider_id = p.id)`.as(
        'proofs',
      ),
    ])
export type ProviderRow = NonNullable<Awaited<ReturnType<typeof findProvider>>>

export function listProviders(
  tx: Tx,
  scope: Scope,
  { only }: { only?: 'platform' | undefined },
  options: ListOptions,
) {
  const visible = providers(tx).where(inScope(scope, 'p.tenant_id'))
  return keysetPage(only ? visible.where('p.tenant_id', 'is', null) : visible, 'p.id', options)
}

export function findProvider(tx: Tx, id: string) {
  return providers(tx).where('p.id', '=', id).executeTakeFirst()
}

export async function insertProvider(tx: Tx, values: Insertable<SsoProvidersTable>): Promise<void> {
  await tx.insertInto('sso_providers').values(values).execute()
}

/** Nobody else changes it until the transaction ends. */
export async function lockProvider(tx: Tx, id: string): Promise<void> {
  await tx.selectFrom('sso_providers').select('id').where('id', '=', id).forUpdate().execute()
}

export async function updateProvider(
  tx: Tx,
  id: string,
  change: Updateable<SsoProvidersTable>,
): Promise<void> {
  await tx.updateTable('sso_providers').set(change).where('id', '=', id).execute()
}

export async function removeProvider(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('sso_providers').where('id', '=', id).execute()
}

/** Makes these the domains of a provider. Those it had keep what was proven; `provenAt`: new ones need no proof. */
export async function replaceDomains(
  tx: Tx,
  provider: { id: string; tenantId: string | null; provenAt: Date | null },
  domains: readonly string[],
): Promise<void> {
  await sql`delete from sso_domains where provider_id = ${provider.id} and domain <> all (${[...domains]})`.execute(
    tx,
  )
  if (domains.length === 0) return
  await tx
    .insertInto('sso_domains')
    .values(
      domains.map((domain) => ({
        domain,
        tenant_id: provider.tenantId,
        provider_id: provider.id,
        proven_at: provider.provenAt,
      })),
    )
    .onConflict((conflict) => conflict.columns(['provider_id', 'domain']).doNothing())
    .execute()
}

/** Writes down that a domain is the provider's, unless it is proven to be another's. @returns false then */
export async function proveDomain(tx: Tx, providerId: string, domain: string, at: Date): Promise<boolean> {
  const { rows } = await sql`update sso_domains set proven_at = ${at}, fault = null
    where provider_id = ${providerId} and domain = ${domain}
      and not exists (select from sso_domains o where o.domain = ${domain} and o.proven_at is not null)
    returning domain`.execute(tx)
  return rows.length > 0
}

export async function noteDomainFault(
  tx: Tx,
  providerId: string,
  domain: string,
  fault: string,
): Promise<void> {
  await tx
    .updateTable('sso_domains')
    .set({ fault })
    .where('provider_id', '=', providerId)
    .where('domain', '=', domain)
    .where('proven_at', 'is', null)
    .execute()
}

/** The provider that e-mails of a domain lead to, else one of the platform that asks for no domain. */
export async function providerFor(tx: Tx, domain: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select p.id from sso_providers p left join sso_domains d on d.provider_id = p.id and d.domain = ${domain}
      and d.proven_at is not null
    where p.enabled and (p.tenant_id is null or tenant_is_active(p.tenant_id))
      and (d.domain is not null or (p.tenant_id is null
        and not exists (select from sso_domains o where o.provider_id = p.id)))
    order by d.domain nulls last, p.id limit 1`.execute(tx)
  return rows[0]?.id
}

/** Whether all that somebody was granted is in this tenant (null: the platform, which vouches for everybody). */
export async function belongsWhollyTo(
  tx: Tx,
  userId: string,
  tenantId: string | null,
  at: Date,
): Promise<boolean> {
  if (tenantId === null) return true
  const { rows } = await sql<{ wholly: boolean }>`
    select not exists (select from jsonb_array_elements(user_grants_anywhere(${userId}, ${at})) g
      where g->>'tenantId' is distinct from ${tenantId}) as wholly`.execute(tx)
  return rows[0]?.wholly ?? false
}

/**
 * Whether somebody may come in by single sign-on only: every tenant with rights of theirs enforces it, and they are not
 * the one owner it leaves out. When that one is owner no longer, every owner is left out.
 */
export async function isRequired(tx: Tx, userId: string, at: Date): Promise<boolean> {
  const { rows } = await sql<{ required: boolean }>`
    with grants as (select g->>'tenantId' as tenant, g->>'key' as key
      from jsonb_array_elements(user_grants_anywhere(${userId}, ${at})) g)
    select exists (select from grants) and not exists (select from grants g where g.tenant is null
      or not exists (select from sso_providers p where p.tenant_id = g.tenant::uuid and p.enabled and p.enforced
        and p.break_glass_user_id <> ${userId}
        and (not exists (select from grants o where o.tenant = g.tenant and o.key = 'TENANT_OWNER')
          or exists (select from users u join role_grants rg on rg.user_id = u.id join roles r on r.id = rg.role_id
            where u.id = p.break_glass_user_id and u.state = 'active' and u.password_hash is not null
              and rg.tenant_id = p.tenant_id and r.builtin and r.key = 'TENANT_OWNER'
              and (rg.expires_at is null or rg.expires_at > ${at}))))) as required`.execute(tx)
  return rows[0]?.required ?? false
}

/** The owner of a tenant who has been it longest, and has a password. */
export async function oldestOwner(tx: Tx, tenantId: string, at: Date): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select u.id from users u join role_grants g on g.user_id = u.id join roles r on r.id = g.role_id
    where g.tenant_id = ${tenantId} and r.builtin and r.key = 'TENANT_OWNER' and u.state = 'active'
      and u.password_hash is not null and (g.expires_at is null or g.expires_at > ${at})
    order by g.created_at, g.id limit 1`.execute(tx)
  return rows[0]?.id
}

export async function insertState(tx: Tx, values: Insertable<SsoStatesTable>): Promise<void> {
  await tx.insertInto('sso_states').values(values).execute()
}

/** Uses up a state in the browser that began it, at the provider it was begun with. */
export async function takeState(
  tx: Tx,
  state: { hash: Buffer; browserHash: Buffer; providerId: string },
  at: Date,
) {
  const row = await tx
    .deleteFrom('sso_states')
    .where('state_hash', '=', state.hash)
    .where('browser_hash', '=', state.browserHash)
    .where('provider_id', '=', state.providerId)
    .returningAll()
    .executeTakeFirst()
  return row && row.expires_at > at ? row : undefined
}

export async function forgetStates(tx: Tx, before: Date): Promise<void> {
  await tx.deleteFrom('sso_states').where('expires_at', '<', before).execute()
}

/** @returns false when the identity, or another of this provider, is connected already */
export async function insertIdentity(tx: Tx, values: Insertable<UserIdentitiesTable>): Promise<boolean> {
  const row = await tx
    .insertInto('user_identities')
    .values(values)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** The user whom a provider means. */
export function findIdentity(tx: Tx, providerId: string, issuer: string, subject: string) {
  return tx
    .selectFrom('user_identities as i')
    .innerJoin('users as u', 'u.id', 'i.user_id')
    .select(['i.id as identity_id', 'u.id', 'u.email', 'u.password_hash', 'u.state'])
    .where('i.provider_id', '=', providerId)
    .where('i.issuer', '=', issuer)
    .where('i.subject', '=', subject)
    .executeTakeFirst()
}

export async function useIdentity(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('user_identities').set({ last_used_at: at }).where('id', '=', id).execute()
}

export function identitiesOf(tx: Tx, userId: string) {
  return tx
    .selectFrom('user_identities as i')
    .innerJoin('sso_providers as p', 'p.id', 'i.provider_id')
    .selectAll('i')
    .select('p.name as provider')
    .where('i.user_id', '=', userId)
    .orderBy('i.id')
    .execute()
}

export function removeIdentity(tx: Tx, userId: string, id: string) {
  return tx
    .deleteFrom('user_identities')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .returning('provider_id')
    .executeTakeFirst()
}

/** Whether a provider may vouch for a user now: it is on, and all that he was granted is in its active tenant. */
const vouches = (userId: string, at: Date) => sql<boolean>`p.enabled and (p.tenant_id is null
  or (tenant_is_active(p.tenant_id)
    and exists (select from jsonb_array_elements(user_grants_anywhere(${userId}, ${at})))
    and not exists (select from jsonb_array_elements(user_grants_anywhere(${userId}, ${at})) g
      where g->>'tenantId' is distinct from p.tenant_id::text)))`

type Named = { id: string; name: string }

/** The providers that may vouch for somebody, and are not connected yet. */
export async function connectable(tx: Tx, userId: string, at: Date): Promise<Named[]> {
  const { rows } = await sql<Named>`select p.id, p.name from sso_providers p
    where not exists (select from user_identities i where i.provider_id = p.id and i.user_id = ${userId})
      and ${vouches(userId, at)} order by p.name, p.id`.execute(tx)
  return rows
}

/** The providers that may vouch for somebody, and know him. */
export async function vouching(tx: Tx, userId: string, at: Date): Promise<Named[]> {
  const { rows } = await sql<Named>`select p.id, p.name from sso_providers p
    where exists (select from user_identities i where i.provider_id = p.id and i.user_id = ${userId})
      and ${vouches(userId, at)} order by p.name, p.id`.execute(tx)
  return rows
}

/** Whether somebody could still come in without this identity: with a password, a passkey or another one. */
export async function hasOtherWayIn(tx: Tx, userId: string, identityId: string): Promise<boolean> {
  const { rows } = await sql`select from users u where u.id = ${userId} and (u.password_hash is not null
    or exists (select from user_passkeys k where k.user_id = u.id)
    or exists (select from user_identities i where i.user_id = u.id and i.id <> ${identityId}))`.execute(tx)
  return rows.length > 0
}
