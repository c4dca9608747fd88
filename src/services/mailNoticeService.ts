import { ROLE_PERMISSIONS, type BuiltinRole, type Permission } from '../../shared/permissions.ts'
import type { Ctx } from '../context.ts'
import * as notices from '../db/mailNotices.ts'
import * as rights from '../db/userRights.ts'
import { newId } from '../lib/ids.ts'
import * as mailService from './mailService.ts'
import type { templates, Template } from './mail/templates.ts'
import * as tenantScopeService from './tenantScopeService.ts'

type Event = {
  kind: 'domain_expiry' | 'domain_renewal_failed' | 'certificate_end'
  tenantId: string
  subjectId: string
  event: string
}

/**
 * Claims the telling of an event, in the transaction that writes its mails: who gets true tells it, and nobody else ever
 * does.
 */
export const claim = (ctx: Ctx, { kind, tenantId, subjectId, event }: Event): Promise<boolean> =>
  notices.insert(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    kind,
    subject_id: subjectId,
    event,
    created_at: ctx.now(),
  })

const rolesWith = (permission: Permission): string[] =>
  (Object.keys(ROLE_PERMISSIONS) as BuiltinRole[]).filter((role) =>
    ROLE_PERMISSIONS[role].includes(permission),
  )

/**
 * Writes to everybody who can do something about it: who holds the permission in the tenant, or, where nobody does or
 * tenantId is null, on the platform. Each gets a mail of his own.
 */
export async function toOperators<T extends Template>(
  ctx: Ctx,
  tenantId: string | null,
  permission: Permission,
  template: T,
  facts: Parameters<(typeof templates)[T]>[0],
): Promise<void> {
  const holders = { permission, builtin: rolesWith(permission) }
  const emails = await tenantScopeService.asPlatform(ctx, async ({ tx }) => {
    const own = await rights.emailsOfHolders(tx, tenantId, holders, ctx.now())
    return own.length > 0 || tenantId === null ? own : rights.emailsOfHolders(tx, null, holders, ctx.now())
  })
  for (const email of emails) await mailService.send(ctx, { email, tenantId }, template, facts)
}
