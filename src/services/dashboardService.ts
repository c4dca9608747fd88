import type { Dashboard } from '../../shared/api/dashboard.ts'
import type { Permission } from '../../shared/permissions.ts'
import { asSystem, type Ctx, type Root, type Scope } from '../context.ts'
import * as billingFindings from '../db/billingFindings.ts'
import * as rows from '../db/dashboard.ts'
import * as figures from '../db/dashboardFigures.ts'
import { toMoney } from '../lib/money.ts'
import * as tenantScopeService from './tenantScopeService.ts'
import { tenantsWith, type Identity } from './userService.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A certificate is renewed a month before its end: one with less than two weeks left was not. */
const CERTIFICATE_DAYS = 14
const DOMAIN_DAYS = 30
const FOLDED_AT_ONCE = 200

/** The answer to `needed`, in the tenants where the caller may; null: in none. */
type Part = <T>(needed: Permission, read: (scope: Scope) => Promise<T>) => Promise<T | null>

/**
 * How things are, as far as the caller may know, in one tenant or in all of theirs.
 * @throws AppError not_found for a tenant that the caller does not see
 */
export async function get(ctx: Ctx, identity: Identity, tenantId?: string): Promise<Dashboard> {
  if (tenantId !== undefined) await tenantScopeService.ownerOf(ctx, 'tenant', tenantId)
  const part: Part = async (needed, read) => {
    const tenants = tenantsWith(identity, [needed], tenantId)
    return tenants?.length === 0 ? null : read(tenants ?? 'platform')
  }
  // No tenant has these findings: the platform's infrastructure does.
  const findings = tenantId === undefined && identity.platform.has('infrastructure:read')
  return {
    at: ctx.now().toISOString(),
    ...(await counts(ctx, part)),
    ...(await dueThings(ctx, part)),
    jobs: await part('jobs:read', (scope) => jobs(ctx, scope)),
    findings: findings ? await rows.openFindings(ctx.tx) : null,
    billingFindings: await part('billing:read', (scope) => billingFindings.openByKind(ctx.tx, scope)),
  }
}

/** What the read model has. Mostly it is one read, since a role may read all of them in the same tenants. */
async function counts(ctx: Ctx, part: Part) {
  const known = new Map<string, Promise<figures.Figure[]>>()
  const of = (needed: Permission, subject: figures.Subject) =>
    part(needed, async (scope) => {
      const name = JSON.stringify(scope)
      const found = known.get(name) ?? figures.read(ctx.tx, scope)
      known.set(name, found)
      return (await found).filter((figure) => figure.subject === subject)
    })
  const states = async <K extends 'customers' | 'subscriptions' | 'cloudPods'>(
    needed: Permission,
    subject: figures.Subject,
  ) => ((await of(needed, subject))?.map(({ key, count }) => ({ state: key, count })) ?? null) as Dashboard[K]
  const recurring = await of('billing:read', 'recurring')
  return {
    customers: await states<'customers'>('customers:read', 'customer'),
    subscriptions: await states<'subscriptions'>('subscriptions:read', 'subscription'),
    cloudPods: await states<'cloudPods'>('cloudpods:read', 'cloudPod'),
    recurring:
      recurring?.map(({ key, count, amount }) => ({ subscriptions: count, monthly: toMoney(amount, key) })) ??
      null,
  }
}

/** What comes to its end soon, or has. */
async function dueThings(ctx: Ctx, part: Part) {
  const day = (ahead: number) => new Date(ctx.now().getTime() + ahead * DAY_MS).toISOString().slice(0, 10)
  const [dueBefore, endsBefore, expiresBefore] = [day(0), day(CERTIFICATE_DAYS), day(DOMAIN_DAYS)]
  return {
    overdue: await part('billing:read', async (scope) => {
      const found = await rows.overdue(ctx.tx, scope, dueBefore)
      return {
        dueBefore,
        count: found.reduce((sum, { count }) => sum + count, 0),
        open: found.map(({ currency, count, open }) => ({
          invoices: count,
          amount: toMoney(open, currency),
        })),
      }
    }),
    certificates: await part('ssl:read', async (scope) => ({
      endsBefore,
      ...(await rows.certificates(ctx.tx, scope, endsBefore)),
    })),
    domains: await part('domains:read', async (scope) => ({
      expiresBefore,
      ...(await rows.domains(ctx.tx, scope, expiresBefore)),
    })),
  }
}

/** What is to be done, and hour by hour what ended in the last day: the present hour and the 23 before it. */
async function jobs(ctx: Ctx, scope: Scope): Promise<NonNullable<Dashboard['jobs']>> {
  const hour = Math.floor(ctx.now().getTime() / HOUR_MS) * HOUR_MS
  const starts = Array.from({ length: 24 }, (_, index) => hour - (23 - index) * HOUR_MS)
  const since = new Date(starts[0] ?? hour)
  const ended = await rows.endedJobs(ctx.tx, scope, since)
  const of = new Map(ended.map((one) => [one.hour.getTime(), one]))
  return {
    open: await rows.openJobs(ctx.tx, scope),
    endedSince: since.toISOString(),
    failed: ended.reduce((sum, { failed }) => sum + failed, 0),
    hours: starts.map((start) => ({
      from: new Date(start).toISOString(),
      succeeded: of.get(start)?.succeeded ?? 0,
      failed: of.get(start)?.failed ?? 0,
    })),
  }
}

/** Counts all tenants again in which something has changed. */
export async function fold(root: Root): Promise<void> {
  for (let counted = FOLDED_AT_ONCE; counted === FOLDED_AT_ONCE;)
    counted = await asSystem(root, 'figures', 'platform', ({ tx }) => figures.fold(tx, FOLDED_AT_ONCE))
}
