import { setTimeout as sleep } from 'node:timers/promises'
import type { Subscription } from '../../shared/api/billing.ts'
import type { CloudPodSnapshots } from '../../shared/api/cloudPodSnapshots.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import { catalogue, type Answer, type Ordered } from '../support/api.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** What a tenant does, and how often of all. */
const DEEDS = {
  order: 10,
  start: 4,
  stop: 4,
  reboot: 3,
  shutdown: 2,
  resize: 4,
  migrate: 4,
  snapshot: 3,
  rollback: 2,
  removeSnapshot: 2,
  rebuild: 3,
  letGo: 2,
  cancel: 5,
  cancelJob: 3,
  suspend: 2,
  restore: 4,
}
export type Deeds = Record<string, number>

/** The same request until it is answered: whoever hears nothing asks again with the same key. */
async function insist<T>(world: World, path: string, body: unknown): Promise<Answer<T>> {
  const key = newId()
  const end = Date.now() + 180_000
  for (;;) {
    const answer = await world.admin
      .call<T>('POST', path, body, { 'idempotency-key': key })
      .catch(() => undefined)
    if (answer && answer.status < 500 && answer.status !== 429) return answer
    if (Date.now() > end) throw new Error(`no answer from ${path}: ${JSON.stringify(answer?.body)}`)
    await sleep(200)
  }
}

async function look<T>(world: World, path: string): Promise<T | undefined> {
  const answer = await world.admin.get<T>(path).catch(() => undefined)
  return answer?.status === 200 ? answer.body : undefined
}

type Choice = { customerId: string; planId: string; priceId: string; blueprints: string[] }

/** A tenant with a customer and what it can order. */
export type Tenant = { id: string; choice: Choice }

export async function openTenant(world: World, maxPods: number): Promise<Tenant> {
  const slug = `t-${newId().slice(-12)}`
  const { body } = await insist<{ id: string }>(world, '/api/admin/tenants', { name: slug, slug })
  const quota = { maxPods, maxCores: 1_000, maxMemoryMb: 1_000_000, maxDiskGb: 100_000 }
  const set = await world.admin.call('PATCH', `/api/admin/tenants/${body.id}/quotas`, quota)
  if (set.status !== 200) throw new Error(`the quota was not set: ${JSON.stringify(set.body)}`)
  // What is deleted is gone when everything is quiet.
  const window = { 'cloudPods.undeleteHours': 0 }
  const setting = await world.admin.call('PATCH', `/api/admin/tenants/${body.id}/settings`, window)
  if (setting.status !== 200) throw new Error(`no setting was made: ${JSON.stringify(setting.body)}`)
  const customer = { tenantId: body.id, name: 'Ada Example', email: 'ada@example.com' }
  const made = await insist<{ id: string }>(world, '/api/admin/customers', customer)
  const [vm, ct] = [await catalogue(world.admin, 'vm'), await catalogue(world.admin, 'ct')]
  const price = vm.plan.prices.find(({ interval }) => interval === 'month')
  return {
    id: body.id,
    choice: {
      customerId: made.body.id,
      planId: vm.plan.id,
      priceId: price?.id ?? '',
      blueprints: [vm.blueprint.id, ct.blueprint.id],
    },
  }
}

/** Does something at random. @returns what it was */
export async function act(world: World, tenant: Tenant, random: Random): Promise<keyof typeof DEEDS> {
  const deed = random.weighted<keyof typeof DEEDS>(DEEDS)
  const luck = random.below(1_000)
  const subscriptions = (state: string) =>
    look<{ items: Subscription[] }>(
      world,
      `/api/admin/billing/subscriptions?tenantId=${tenant.id}&state=${state}&limit=50`,
    )
  const anyActive = async (): Promise<Subscription | undefined> => {
    const items = (await subscriptions('active'))?.items ?? []
    return items[luck % Math.max(1, items.length)]
  }
  if (deed === 'order') {
    const { blueprints, ...wanted } = tenant.choice
    const order = { ...wanted, blueprintId: blueprints[luck % 2], hostname: `web-${newId().slice(-10)}` }
    const { status, body } = await insist<Ordered>(world, '/api/admin/billing/subscriptions', order)
    // One in eight is never paid.
    if (status === 201 && luck % 8 !== 0)
      await insist(world, `/api/admin/billing/invoices/${body.invoice.id}/payments`, {
        amountMinor: body.invoice.total.amount,
        currency: body.invoice.total.currency,
        reference: newId(),
      })
  } else if (deed === 'cancel') {
    const state = ['active', 'provisioning', 'awaiting_payment'][luck % 3] ?? 'active'
    const [one] = (await subscriptions(state))?.items ?? []
    if (one) await insist(world, `/api/admin/billing/subscriptions/${one.id}/cancel`, { when: 'now' })
  } else if (deed === 'cancelJob') {
    const jobs = await look<{ items: Job[] }>(
      world,
      `/api/admin/provisioning/jobs?tenantId=${tenant.id}&queue=cloud_pod&limit=20`,
    )
    const open = jobs?.items.find(({ state }) => ['running', 'scheduled', 'ready'].includes(state))
    if (open) await insist(world, `/api/admin/provisioning/jobs/${open.id}/cancel`, { reason: 'chaos' })
  } else if (deed === 'suspend' || deed === 'restore') {
    const body = deed === 'suspend' ? { reason: 'chaos' } : {}
    await insist(world, `/api/admin/tenants/${tenant.id}/${deed}`, body)
  } else if (deed === 'resize') {
    const pod = (await anyActive())?.pod?.id
    const size = { cores: 1 + (luck % 3), memoryMb: luck % 2 === 0 ? 1_024 : 2_048, reboot: luck % 4 === 0 }
    if (pod) await insist(world, `/api/admin/hosting/cloudpods/${pod}/resize`, size)
  } else {
    const pod = (await anyActive())?.pod
    if (pod) await change(world, pod, deed, luck)
  }
  return deed
}

/** Something with one pod that is asked for by its path, or with a snapshot or a kept guest that it has. */
async function change(
  world: World,
  { id, hostname }: { id: string; hostname: string },
  deed: string,
  luck: number,
): Promise<void> {
  const path = `/api/admin/hosting/cloudpods/${id}`
  if (deed === 'rebuild') return void (await insist(world, `${path}/rebuild`, { hostname }))
  if (deed === 'letGo') return void (await insist(world, `${path}/kept-guest/destroy`, { hostname }))
  if (deed === 'snapshot')
    return void (await insist(world, `${path}/snapshots`, { name: `snapshot ${luck}` }))
  if (deed !== 'rollback' && deed !== 'removeSnapshot')
    return void (await insist(world, `${path}/${deed}`, {}))
  const taken = await look<CloudPodSnapshots>(world, `${path}/snapshots`)
  const one = taken?.items.find(({ state }) => state === 'ready')
  if (!one) return
  if (deed === 'rollback') await insist(world, `${path}/snapshots/${one.id}/rollback`, { hostname })
  // Whoever hears nothing of this looks again the next time.
  else await world.admin.call('DELETE', `${path}/snapshots/${one.id}`).catch(() => undefined)
}

export { insist, look }
