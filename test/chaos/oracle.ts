import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { verify } from '../../src/services/audit/verify.ts'
import * as auditService from '../../src/services/auditService.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { insist } from './customers.ts'
import type { World } from './world.ts'

type Open = { id: string; kind: string; state: string; waiting_for: string | null; doing: string | null }

/** Jobs that are not over; what only looks at the cluster does not count. */
const openJobs = (world: World): Promise<Open[]> =>
  rowsOf(
    world,
    sql<Open>`select id, kind, state, waiting_for, doing from provisioning_jobs_live
      where state not in ('succeeded', 'failed', 'cancelled') and kind not in ('cluster.sync', 'cluster.reconcile')`,
  )

const LOCKED = /\b(?:VMID|guest) (\d+) is (?:just being made|still locked)/

/**
 * What a killed task has left locked on its node, only whoever works on that node can take away. The job says which it is
 * and waits; nothing runs on the cluster any more that could still be making it.
 */
async function takeAway(world: World, job: Open): Promise<boolean> {
  const vmid = Number(LOCKED.exec(job.waiting_for ?? '')?.[1])
  if (!vmid) return false
  await world.sim.control.idle()
  const guest = world.sim.control.guests().find((one) => one.vmid === vmid)
  if (!guest?.config.lock) return false
  world.sim.control.removeGuest(vmid)
  return true
}

/**
 * Waits until nothing moves any more. What is stuck is let go on, as an operator does who has looked at it.
 * @returns how many jobs were stuck, and how many guests were left locked by tasks that were killed
 */
export async function comeToRest(
  world: World,
  withinMs: number,
): Promise<{ stuck: number; leftLocked: number }> {
  const end = Date.now() + withinMs
  const stuck = new Set<string>()
  let leftLocked = 0
  for (;;) {
    const open = await openJobs(world).catch(() => undefined)
    if (open?.length === 0) return { stuck: stuck.size, leftLocked }
    for (const job of open ?? []) {
      if (await takeAway(world, job)) leftLocked += 1
      if (job.state === 'stuck') {
        stuck.add(job.id)
        await insist(world, `/api/admin/provisioning/jobs/${job.id}/retry`, {})
      }
    }
    if (Date.now() > end) throw new Error(`it did not come to rest: ${JSON.stringify(open, null, 1)}`)
    await sleep(500)
  }
}

/** Database, cluster, addresses, quotas, ledger and audit log tell one story. */
export async function expectOneStory(world: World, tenants: readonly string[]): Promise<void> {
  await world.sim.control.idle()
  for (const tenant of tenants) {
    await expectNothingLeaked(world, tenant)
    await expectStatesTrue(world, tenant)
  }
  await expectReservationsMatch(world)
  await expectNothingFound(world)
  await auditService.sealAll(world.root)
  const verdict = await verify(world.root, undefined)
  expect(verdict.findings, 'the audit log').toEqual([])
  await expectEventsForPods(world)
}

/** The comparison that operators rely on finds nothing that differs, either. */
async function expectNothingFound(world: World): Promise<void> {
  const [cluster] = await rowsOf(world, sql<{ id: string }>`select id from clusters`)
  const path = `/api/admin/provisioning/clusters/${cluster?.id}/reconcile`
  const { body } = await insist<{ job: { id: string } }>(world, path, {})
  const state = async () =>
    (await rowsOf(world, sql<Open>`select state from provisioning_jobs where id = ${body.job.id}`))[0]?.state
  for (let look = 0; (await state()) !== 'succeeded'; look += 1) {
    if (look === 200) throw new Error(`the comparison is ${await state()}`)
    await sleep(200)
  }
  const found = await rowsOf(
    world,
    sql`select kind, label, expected, found from findings where state <> 'closed'`,
  )
  expect(found, 'findings').toEqual([])
}

type Row = {
  id: string
  hostname: string
  state: string
  power_state: string
  action: string | null
  size: string
  node: string | null
  held: string | null
  vmid: number
  snapshots: number
  doubtful: number
}

/** What the pods and subscriptions say is what is there. */
async function expectStatesTrue(world: World, tenantId: string): Promise<void> {
  const pods = await rowsOf(
    world,
    sql<Row>`select p.vmid, (select count(*)::int from cloud_pod_snapshots s where s.pod_id = p.id and s.state = 'ready') as snapshots,
        (select count(*)::int from cloud_pod_snapshots s where s.pod_id = p.id and s.state = 'failed') as doubtful, p.id, p.hostname, p.state, p.power_state, p.action, concat_ws('/', p.cores, p.memory_mb) as size,
        concat_ws('/', r.cores, r.memory_mb) as held, n.name as node
      from cloud_pods p left join nodes n on n.id = p.node_id left join cloud_pod_reservations r on r.pod_id = p.id where p.tenant_id = ${tenantId}`,
  )
  for (const pod of pods) {
    const about = `pod ${pod.hostname}`
    expect(['reserved', 'active', 'failed', 'deleted'], about).toContain(pod.state)
    expect(pod.action, about).toBeNull()
    if (pod.state !== 'active') continue
    const all = guestsOf(world, pod.id)
    const guests = all
      .filter(({ vmid }) => vmid === pod.vmid)
      .map(({ power, node, config, pending, snapshots }) => {
        const will = { ...config, ...pending }
        // One that failed says so, whether or not something of it is left.
        const sure = Math.min(pod.snapshots, snapshots.length)
        const wrong = snapshots.length > pod.snapshots + pod.doubtful
        return { power, node, size: `${will.cores}/${will.memory}`, snapshots: wrong ? snapshots : sure }
      })
    expect({ guests, held: pod.held }, about).toEqual({
      guests: [{ power: pod.power_state, node: pod.node, size: pod.size, snapshots: pod.snapshots }],
      held: pod.size,
    })
    const running = all.filter(({ vmid, power }) => vmid !== pod.vmid && power === 'running')
    expect(running, `${about}: former guests that run`).toEqual([])
  }
  const wrong = await rowsOf(
    world,
    sql`select s.id, s.state, array_agg(p.state) as pods from subscriptions s
      left join cloud_pods p on p.subscription_id = s.id and p.state not in ('failed', 'deleted')
      where s.tenant_id = ${tenantId} group by s.id, s.state
      having case s.state
        when 'active' then array_agg(p.state) is distinct from array['active']
        when 'awaiting_payment' then array_agg(p.state) is distinct from array['reserved']
        when 'terminated' then count(p.id) > 0
        when 'expired' then count(p.id) > 0
        when 'provisioning' then count(p.id) > 0
        else true end`,
  )
  expect(wrong, 'subscriptions whose pod is another one than they say').toEqual([])
}

/** No address or VMID is held twice, and the quota's use is the sum of the pods that live. */
async function expectReservationsMatch(world: World): Promise<void> {
  const twice = await rowsOf(
    world,
    sql`select pool_id, address from ip_addresses where state <> 'quarantined' group by 1, 2 having count(*) > 1`,
  )
  expect(twice, 'addresses held twice').toEqual([])
  const uneven = await rowsOf(
    world,
    sql`select p.id, p.state from cloud_pods p
      where (p.state in ('reserved', 'active')) <> exists (select from cloud_pod_reservations r where r.pod_id = p.id)`,
  )
  expect(uneven, 'pods whose quota is not what they hold').toEqual([])
}

/** Every pod that was made or is gone has the event that says so. */
async function expectEventsForPods(world: World): Promise<void> {
  const silent = await rowsOf(
    world,
    sql`select p.id, p.state from cloud_pods p
      where p.state in ('active', 'deleted') and not exists (
        select from audit_events e where e.target_id = p.id::text
          and e.action = case p.state when 'active' then 'CLOUDPOD_CREATED' else 'CLOUDPOD_DELETED' end)`,
  )
  expect(silent, 'pods without an event').toEqual([])
}
