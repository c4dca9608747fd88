import { sql } from 'kysely'
import type { ChangePreview } from '../../shared/api/billingChanges.ts'
import type { Plan } from '../../shared/api/billing.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from './app.ts'
import { toRest, type AnyHandler, type Arranged, type JobCase } from './harnessRun.ts'
import { expectNothingLeaked, guestsOf, heldBy, ledgerOf, podRow, rowsOf } from './harnessWorld.ts'

type Paid = (
  app: TestApp,
  tenantId: string,
  kind: 'vm' | 'ct',
) => Promise<{ podId: string; jobId: string; subscriptionId: string }>
type HandlerOf = (kind: string) => AnyHandler

const SUBSCRIPTIONS = '/api/admin/billing/subscriptions'

type Kept = { tenantId: string; podId: string; subscriptionId: string; more: Plan }

/** The subscription that all cases work on: its plan, pod and items are set back before the next. */
const kept = new WeakMap<TestApp, Kept>()

async function smallOne(app: TestApp, handlerOf: HandlerOf, paid: Paid): Promise<Kept> {
  const there = kept.get(app) ?? (await make(app, handlerOf, paid))
  kept.set(app, there)
  const { podId, subscriptionId } = there
  const { vmid } = await podRow(app, podId)
  app.sim.control.changeGuest(vmid, { power: 'running', config: { cores: '1', memory: '2048' } })
  await rowsOf(
    app,
    sql`with small as (select c.from_plan_id, c.from_price_id, c.from_item_id from subscription_changes c
        where c.subscription_id = ${subscriptionId} limit 1),
      pod as (update cloud_pods set cores = 1, memory_mb = 2048, action = null, problem = null where id = ${podId}),
      held as (update cloud_pod_reservations set cores = 1, memory_mb = 2048 where pod_id = ${podId}),
      over as (update subscription_changes set state = 'cancelled', ended_at = now() where subscription_id = ${subscriptionId}),
      lines as (update invoice_lines l set voided = true from subscription_changes c
        where c.subscription_id = ${subscriptionId} and l.invoice_id = c.invoice_id),
      items as (update subscription_items i set removed_at = case when i.id = small.from_item_id then null else now() end from small
        where i.subscription_id = ${subscriptionId})
      update subscriptions s set plan_id = small.from_plan_id, price_id = small.from_price_id from small where s.id = ${subscriptionId}`,
  )
  return there
}

async function make(app: TestApp, handlerOf: HandlerOf, paid: Paid): Promise<Kept> {
  const tenantId = await app.tenant()
  const { podId, jobId, subscriptionId } = await paid(app, tenantId, 'ct')
  await toRest(app, jobId, handlerOf('cloudPod.create'))
  const code = `more-${newId().slice(-10)}`
  const prices = [{ currency: 'EUR', interval: 'month', unitMinor: '899' }]
  const size = { cores: 2, memoryMb: 4096, diskGb: 20 }
  const plan = { tenantId, code, name: code, ...size, prices }
  const { body: more } = await app.admin.post<Plan>('/api/admin/billing/plans', plan)
  return { tenantId, podId, subscriptionId, more }
}

/** A delivered subscription that is charged for a plan with more cores and memory; its pod is still to be resized. */
async function arrange(app: TestApp, handlerOf: HandlerOf, paid: Paid): Promise<Arranged> {
  const { tenantId, podId, subscriptionId, more } = await smallOne(app, handlerOf, paid)
  const path = `${SUBSCRIPTIONS}/${subscriptionId}`
  const { body: shown } = await app.admin.post<ChangePreview>(`${path}/preview`, { planId: more.id })
  const before = await ledgerOf(app, tenantId)
  const { status, body } = await app.admin.post<{ job: Job }>(`${path}/change`, { token: shown.token })
  if (status !== 202) throw new Error(JSON.stringify([shown, body]))
  /** What was charged since, and not credited. */
  const charged = async () =>
    ((await ledgerOf(app, tenantId))['receivable'] ?? 0) - (before['receivable'] ?? 0)
  const look = async () => {
    const pod = await podRow(app, podId)
    const [terms] = await rowsOf(
      app,
      sql<object>`select s.price_id = ${more.prices[0]?.id} as new, c.state, (select count(*)::int from subscription_items i
          where i.subscription_id = s.id and i.removed_at is null) as items
        from subscriptions s join subscription_changes c on c.subscription_id = s.id and c.state <> 'cancelled'
        where s.id = ${subscriptionId}`,
    )
    const [guest] = guestsOf(app, podId)
    return {
      pod: { state: pod.state, action: pod.action, size: `${pod.cores}/${pod.memory_mb}` },
      guest: `${guest?.config.cores}/${guest?.config.memory}`,
      held: await heldBy(app, podId),
      terms,
      charged: await charged(),
    }
  }
  return {
    jobId: body.job.id,
    world: look,
    holdings: async () => {
      await expectNothingLeaked(app, tenantId)
      return look()
    },
    // The old plan counts again, and what was charged is credited.
    afterPermanent: {
      ...(await look()),
      pod: { state: 'active', action: null, size: '1/2048' },
      guest: '1/2048',
      terms: { new: false, state: 'undone', items: 1 },
      charged: 0,
    },
  }
}

/** What a resize says of its subscription; what it does to a guest has a case of its own. */
export const planChangeCases = (handlerOf: HandlerOf, paid: Paid): JobCase[] => [
  {
    name: 'cloudPod.resize for another plan',
    handler: handlerOf('cloudPod.resize'),
    permanent: 'failed',
    arrange: (app) => arrange(app, handlerOf, paid),
  },
]
