import { sql } from 'kysely'
import type { DomainOrdered } from '../../shared/api/domainRegistrations.ts'
import * as registry from '../../sim/registry/domains.ts'
import { tell } from '../../sim/registry/world.ts'
import type { RegistrySim } from '../../sim/registry/server.ts'
import { enqueuePoll, enqueueSync } from '../../src/services/domainQueues.ts'
import { lockDomain } from '../../src/services/domainService.ts'
import { good } from '../rules/pods.ts'
import type { TestApp } from './app.ts'
import { toRest, type AnyHandler, type Arranged, type JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'
import { CONTACTS, DOMAINS, freshName, orderIn, payFor, registerBody, registryOf } from './registry.ts'

type HandlerOf = (kind: string) => AnyHandler
type Deed = 'register' | 'renew' | 'transferIn' | 'update' | 'restore' | 'delete'

/** The tenant of these cases, which is served before it has paid. */
const homes = new WeakMap<TestApp, Promise<string>>()
function homeIn(app: TestApp): Promise<string> {
  const known = homes.get(app)
  if (known) return known
  const made = app.tenant().then(async (tenantId) => {
    await good(
      app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'domains.startOn': 'order' }),
    )
    return tenantId
  })
  homes.set(app, made)
  return made
}

/** What both sides say of a domain, without its name. */
function about(app: TestApp, sim: RegistrySim, { domain }: DomainOrdered, jobId: string): Arranged {
  const there = () => registry.find(sim.world, domain.name)
  const world = async () => ({
    rows: await rowsOf(
      app,
      sql`select registration, locked, registry_finding, verified_at is not null as proven,
        expires_at is not null as expires from domains where id = ${domain.id}`,
    ),
    operations: await rowsOf(
      app,
      sql`select kind, state, error_code from domain_operations where domain_id = ${domain.id} order by id`,
    ),
    credits: await rowsOf(
      app,
      sql`select count(*)::int as n from credit_notes c join domain_operations o on o.invoice_id = c.invoice_id
        where o.domain_id = ${domain.id}`,
    ),
    years: Math.round(((there()?.expiresAt ?? 0) - (there()?.createdAt ?? 0)) / 86_400_000 / 365),
    hosts: there()?.hosts.length ?? null,
    transfer: there()?.transfer?.status ?? null,
    deleted: (there()?.deletedAt ?? null) !== null,
  })
  /** Nothing is bought twice, whatever broke. */
  const holdings = async () => {
    const bought = sim.calls.filter(
      ({ verb, object, code }) =>
        object === domain.name && code !== null && code < 2000 && ['create', 'renew'].includes(verb),
    )
    return { twice: new Set(bought.map(({ verb }) => verb)).size !== bought.length }
  }
  return { jobId, world, holdings, afterPermanent: { twice: false } }
}

async function arrange(app: TestApp, handlerOf: HandlerOf, deed: Deed): Promise<Arranged> {
  const sim = await registryOf(app)
  const tenantId = await homeIn(app)
  if (deed === 'transferIn') {
    const body = await registerBody(app, tenantId)
    const theirs = { ...body, hosts: [], registrant: null, contacts: [], ds: [], fee: null, clTRID: '' }
    registry.create(sim.world, { account: 'other', now: sim.now() }, { ...theirs, authCode: 'Secret-1' })
    const { tenantId: of, customerId, name } = body
    const asked = { tenantId: of, customerId, name, authCode: 'Secret-1', contacts: CONTACTS }
    const ordered = await good(app.admin.post<DomainOrdered>(`${DOMAINS}/transfer`, asked))
    return about(app, sim, ordered, ordered.job?.id ?? '')
  }
  const registered = await orderIn(app, tenantId, freshName())
  const jobId = registered.job?.id ?? ''
  if (deed === 'register') return about(app, sim, registered, jobId)
  await toRest(app, jobId, handlerOf('domain.register'))
  const { id, name } = registered.domain
  const at = registry.existing(sim.world, name)
  if (deed === 'restore') {
    at.deletedAt = sim.now()
    await rowsOf(app, sql`update domains set registration = 'redemption' where id = ${id}`)
  }
  // Not within the days in which it is taken back at once.
  if (deed === 'delete') at.refundable = []
  const path = `${DOMAINS}/${id}`
  const asked =
    deed === 'renew' || deed === 'restore'
      ? app.admin.post<DomainOrdered>(`${path}/${deed}`, deed === 'renew' ? { years: 1 } : {})
      : deed === 'delete'
        ? app.admin.call<DomainOrdered>('DELETE', `${path}/registration`)
        : app.admin.call<DomainOrdered>('PUT', `${path}/nameservers`, {
            nameservers: [{ host: `ns.${name}`, addresses: ['192.0.2.1'] }, { host: 'ns3.example.org' }],
          })
  const ordered = await good(asked)
  return about(app, sim, ordered, ordered.job?.id ?? '')
}

/** A domain that another registrar has asked for, of which mPanel does not know yet. */
async function arrangeSync(app: TestApp, handlerOf: HandlerOf, by: 'sync' | 'poll'): Promise<Arranged> {
  const sim = await registryOf(app)
  const tenantId = await homeIn(app)
  const ordered = await orderIn(app, tenantId, freshName())
  await toRest(app, ordered.job?.id ?? '', handlerOf('domain.register'))
  const { id, name } = ordered.domain
  const mine = sim.world.accounts.find((account) => account.id === 'mpanel')
  if (mine) mine.messages = []
  if (by === 'sync') sim.askAway(name)
  else {
    const found = registry.existing(sim.world, name)
    const action = {
      kind: 'action',
      name: found.name,
      granted: true,
      clTRID: 'x',
      svTRID: 'y',
      at: 0,
    } as const
    tell(sim.world, 'mpanel', 'Something was decided.', action, sim.now())
  }
  const job = await app.as(async (ctx) => {
    if (by === 'sync') return enqueueSync(ctx, await lockDomain(ctx, tenantId, id))
    const account = await ctx.tx
      .selectFrom('registrar_accounts')
      .select(['id', 'name'])
      .executeTakeFirstOrThrow()
    return enqueuePoll(ctx, account)
  })
  const arranged = about(app, sim, ordered, job.id)
  const world = async () => ({
    domain: await arranged.world(),
    waiting: by === 'poll' ? (mine?.messages.length ?? 0) : null,
    looks: (
      await rowsOf(
        app,
        sql`select id from provisioning_jobs where kind = 'domain.sync' and subject_id = ${id}`,
      )
    ).length,
  })
  return { ...arranged, world }
}

/** An order whose money has just arrived. */
async function arrangePaid(app: TestApp): Promise<Arranged> {
  const sim = await registryOf(app)
  const ordered = await orderIn(app, await app.tenant(), freshName())
  await payFor(app, ordered)
  const jobsOf = (kind: string) =>
    rowsOf<{ id: string }>(
      app,
      sql`select id from provisioning_jobs where kind = ${kind} and subject_id = ${ordered.domain.id}`,
    )
  const [job] = await jobsOf('domain.paid')
  const arranged = about(app, sim, ordered, job?.id ?? '')
  const holdings = async () => ({ begun: (await jobsOf('domain.register')).length })
  const world = async () => ({ domain: await arranged.world(), ...(await holdings()) })
  return { ...arranged, world, holdings, afterPermanent: { begun: 0 } }
}

export const registryCases = (handlerOf: HandlerOf): JobCase[] => [
  ...(['register', 'renew', 'transferIn', 'update', 'restore', 'delete'] as const).map((deed) => ({
    name: `domain.${deed}`,
    handler: handlerOf(`domain.${deed}`),
    permanent: 'stuck' as const,
    arrange: (app: TestApp) => arrange(app, handlerOf, deed),
  })),
  {
    name: 'domain.sync',
    handler: handlerOf('domain.sync'),
    permanent: 'failed',
    arrange: (app) => arrangeSync(app, handlerOf, 'sync'),
  },
  {
    name: 'domain.paid',
    handler: handlerOf('domain.paid'),
    permanent: 'failed',
    arrange: arrangePaid,
  },
  {
    name: 'registrar.poll',
    handler: handlerOf('registrar.poll'),
    permanent: 'failed',
    arrange: (app) => arrangeSync(app, handlerOf, 'poll'),
  },
]
