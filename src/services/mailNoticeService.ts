import { ROLE_PERMISSIONS, type BuiltinRole, type Permission } from '../../shared/permissions.ts'
import { asSystem, eachAsSystem, type Ctx, type Root } from '../context.ts'
import * as notices from '../db/mailNotices.ts'
import * as rights from '../db/userRights.ts'
import { newId } from '../lib/ids.ts'
import * as mailService from './mailService.ts'
import type { Facts, Template } from './mail/templates.ts'
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
  facts: Facts<T>,
): Promise<void> {
  const holders = { permission, builtin: rolesWith(permission) }
  const people = await tenantScopeService.asPlatform(ctx, async ({ tx }) => {
    const own = await rights.holdersOf(tx, tenantId, holders, ctx.now())
    return own.length > 0 || tenantId === null ? own : rights.holdersOf(tx, null, holders, ctx.now())
  })
  for (const person of people) await mailService.send(ctx, { ...person, tenantId }, template, facts)
}

/** Has each tenant told, in a transaction of its own, of what is due there. */
export async function tellTenants(
  root: Root,
  of: {
    label: string
    /** What is logged where it fails; the others are told all the same. */
    fault: string
    due: (ctx: Ctx) => Promise<readonly { tenant_id: string }[]>
    tell: (ctx: Ctx, tenantId: string) => Promise<void>
  },
): Promise<void> {
  const due = await asSystem(root, of.label, 'platform', of.due)
  await eachAsSystem(root, {
    label: of.label,
    rows: [...new Set(due.map((row) => row.tenant_id))].map((tenant_id) => ({ tenant_id })),
    fault: of.fault,
    work: (ctx, row) => of.tell(ctx, row.tenant_id),
  })
}
