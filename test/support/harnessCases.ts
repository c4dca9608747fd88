import { sql } from 'kysely'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import { handlers } from '../../src/jobs/index.ts'
import { newId } from '../../src/lib/ids.ts'
import * as provisioningQueues from '../../src/services/provisioningQueues.ts'
import { catalogue, pay, prepareOrder, type Ordered } from './api.ts'
import type { TestApp } from './app.ts'
import { addressCases } from './harnessAddress.ts'
import { firewallCases } from './harnessFirewall.ts'
import { adoptionCases } from './harnessAdoption.ts'
import { billingCases } from './harnessBilling.ts'
import { auditCases } from './harnessAudit.ts'
import { customerCases } from './harnessCustomers.ts'
import { dnsCases } from './harnessDns.ts'
import { domainCases } from './harnessDomains.ts'
import { sslCases } from './harnessSsl.ts'
import { sslDeliveryCases } from './harnessSslDelivery.ts'
import { recordCases } from './harnessRecords.ts'
import { registryCases } from './harnessRegistry.ts'
import { findingCases } from './harnessFindings.ts'
import { keepCases } from './harnessKeep.ts'
import { migrateCases } from './harnessMigrate.ts'
import { mailCases } from './harnessMail.ts'
import { rebuildCases } from './harnessRebuild.ts'
import { planChangeCases } from './harnessPlanChange.ts'
import { resizeCases } from './harnessResize.ts'
import { backupCases } from './harnessBackups.ts'
import { bandwidthCases } from './harnessBandwidth.ts'
import { snapshotCases } from './harnessSnapshots.ts'
import { templateCases } from './harnessTemplates.ts'
import { sourceCases } from './harnessSources.ts'
import { toRest, type AnyHandler, type Arranged, type JobCase } from './harnessRun.ts'
import {
  countEffects,
  expectNothingLeaked,
  heldBy,
  ledgerOf,
  podRow,
  podWorld,
  rowsOf,
} from './harnessWorld.ts'

const handlerOf = (kind: string): AnyHandler => {
  const handler = handlers.get(kind)
  if (!handler) throw new Error(`there is no handler for ${kind}`)
  return handler
}

type Kind = 'vm' | 'ct'
const PODS = '/api/admin/hosting/cloudpods'

/** Orders a pod without a subscription; its job waits. */
async function orderPod(app: TestApp, tenantId: string, kind: Kind): Promise<Accepted> {
  const { plan, blueprint } = await catalogue(app.admin, kind)
  const hostname = `pod-${newId().slice(-12)}`
  const answer = await app.admin.post<Accepted>(PODS, {
    tenantId,
    planId: plan.id,
    blueprintId: blueprint.id,
    hostname,
    sshKeys: null,
  })
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body))
  return answer.body
}

async function activePod(app: TestApp, tenantId: string, kind: Kind): Promise<string> {
  const { cloudPod, job } = await orderPod(app, tenantId, kind)
  await toRest(app, job.id, handlerOf('cloudPod.create'))
  return cloudPod.id
}

const vmids = (app: TestApp): number[] => app.sim.control.guests().map((guest) => guest.vmid)

/** The parts every pod case has: its world with what was done to the hypervisor, and the check that nothing leaked. */
function aboutPod(
  app: TestApp,
  tenantId: string,
  podId: string,
): Pick<Arranged, 'world'> & {
  check(): Promise<void>
} {
  const effects = countEffects(app)
  return {
    world: async () => ({
      ...((await podWorld(app, podId)) as object),
      effects: effects(),
      ledger: await ledgerOf(app, tenantId),
    }),
    check: () => expectNothingLeaked(app, tenantId),
  }
}

/** Guests of cases that are over are only in the way: the simulator writes all of them down at each change. */
function forgetOthers(app: TestApp): void {
  for (const { vmid, config } of app.sim.control.guests())
    if (config.template !== '1') app.sim.control.removeGuest(vmid)
}

async function arrangeCreate(app: TestApp, kind: Kind, paid: boolean): Promise<Arranged> {
  forgetOthers(app)
  const tenantId = await app.tenant()
  const before = vmids(app)
  const { podId, jobId } = paid
    ? await paidOrder(app, tenantId, kind)
    : await orderPod(app, tenantId, kind).then(({ cloudPod, job }) => ({ podId: cloudPod.id, jobId: job.id }))
  const about = aboutPod(app, tenantId, podId)
  const ledger = await ledgerOf(app, tenantId)
  return {
    jobId,
    world: about.world,
    holdings: async () => {
      await about.check()
      const held = await heldBy(app, podId)
      return {
        guests: vmids(app),
        held,
        ledger: await ledgerOf(app, tenantId),
        pod: (await podRow(app, podId)).state,
      }
    },
    afterPermanent: {
      guests: before,
      held: { vmids: [], addresses: [], capacity: 0 },
      ledger,
      pod: 'failed',
    },
  }
}

async function paidOrder(
  app: TestApp,
  tenantId: string,
  kind: Kind,
): Promise<{ podId: string; jobId: string; subscriptionId: string }> {
  const order = await prepareOrder(app.admin, tenantId, { kind })
  const ordered = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  const answer = await pay(app.admin, ordered.body.invoice)
  const podId = answer.body.subscription.pod?.id ?? ''
  const [job] = await rowsOf(
    app,
    sql<{ id: string }>`select id from provisioning_jobs where subject_id = ${podId}`,
  )
  return { podId, jobId: job?.id ?? '', subscriptionId: ordered.body.subscription.id }
}

async function arrangeDestroy(app: TestApp, kind: Kind): Promise<Arranged> {
  forgetOthers(app)
  const tenantId = await app.tenant()
  const podId = await activePod(app, tenantId, kind)
  const { body } = await app.admin.call<Accepted>('DELETE', `${PODS}/${podId}`)
  const about = aboutPod(app, tenantId, podId)
  const holdings = async () => {
    await about.check()
    return { held: await heldBy(app, podId), pod: (await podRow(app, podId)).state }
  }
  return { jobId: body.job.id, world: about.world, holdings, afterPermanent: await holdings() }
}

/** The pods that power cases work on, one for each case: what a case does to its pod is set back before the next. */
const powered = new WeakMap<TestApp, Map<string, { tenantId: string; podId: string }>>()

async function poweredPod(
  app: TestApp,
  kind: Kind,
  action: string,
): Promise<{ tenantId: string; podId: string }> {
  const own = powered.get(app) ?? new Map<string, { tenantId: string; podId: string }>()
  powered.set(app, own)
  let pod = own.get(action)
  if (!pod) {
    const tenantId = await app.tenant()
    pod = { tenantId, podId: await activePod(app, tenantId, kind) }
    own.set(action, pod)
  }
  const power = action === 'start' ? 'stopped' : 'running'
  const { vmid } = await podRow(app, pod.podId)
  app.sim.control.changeGuest(vmid, { power })
  await rowsOf(
    app,
    sql`update cloud_pods set power_state = ${power}, power_checked_at = now(), action = null, problem = null
      where id = ${pod.podId}`,
  )
  return pod
}

async function arrangePower(app: TestApp, kind: Kind, action: string): Promise<Arranged> {
  await app.sim.control.idle()
  const { tenantId, podId } = await poweredPod(app, kind, action)
  const held = await heldBy(app, podId)
  const { body } = await app.admin.post<Accepted>(`${PODS}/${podId}/${action}`)
  const about = aboutPod(app, tenantId, podId)
  return {
    jobId: body.job.id,
    // A machine that restarts is off for a moment after its task has ended.
    world: async () => {
      await app.sim.control.idle()
      return about.world()
    },
    holdings: async () => {
      await app.sim.control.idle()
      await about.check()
      const pod = await podRow(app, podId)
      return { held: await heldBy(app, podId), pod: pod.state, action: pod.action }
    },
    afterPermanent: { held, pod: 'active', action: null },
  }
}

/** A pod whose tenant is suspended, or restored after that; `enforce`: the job that asks for its pods. */
async function arrangeSuspension(app: TestApp, deed: 'suspend' | 'resume' | 'enforce'): Promise<Arranged> {
  forgetOthers(app)
  const tenantId = await app.tenant()
  const podId = await activePod(app, tenantId, 'vm')
  const path = `/api/admin/tenants/${tenantId}`
  const newest = async (kind: string) => {
    const [job] = await rowsOf(
      app,
      sql<{ id: string }>`select id from provisioning_jobs where tenant_id = ${tenantId} and kind = ${kind}
        order by id desc limit 1`,
    )
    return job?.id ?? ''
  }
  const enforce = async () => toRest(app, await newest('tenant.enforce'), handlerOf('tenant.enforce'))
  await app.admin.post(`${path}/suspend`, { reason: 'unpaid' })
  if (deed !== 'enforce') await enforce()
  if (deed === 'resume') {
    await toRest(app, await newest('cloudPod.suspend'), handlerOf('cloudPod.suspend'))
    await app.admin.post(`${path}/restore`, {})
    await enforce()
  }
  const about = aboutPod(app, tenantId, podId)
  const concerned = async () => ({
    jobs: await rowsOf(
      app,
      sql`select kind, count(*)::int as n from provisioning_jobs where tenant_id = ${tenantId} group by 1 order by 1`,
    ),
    pods: await rowsOf(
      app,
      sql`select count(*)::int as n from tenant_suspended_pods where tenant_id = ${tenantId}`,
    ),
  })
  const remembered = () =>
    rowsOf(
      app,
      sql`select ran, stopped_at is not null as stopped, restored_at is not null as restored
        from tenant_suspended_pods where tenant_id = ${tenantId}`,
    )
  // The pods' own jobs run when they come to it: asking for them is all that this job does.
  const world = async () =>
    deed === 'enforce'
      ? concerned()
      : { ...((await about.world()) as object), concerned: await concerned(), remembered: await remembered() }
  const holdings = async () => {
    await about.check()
    return { held: await heldBy(app, podId), pod: (await podRow(app, podId)).state }
  }
  const kind = deed === 'enforce' ? 'tenant.enforce' : `cloudPod.${deed}`
  return { jobId: await newest(kind), world, holdings, afterPermanent: await holdings() }
}

/**
 * A tenant that is exported with its pod, or closed without a cooling-off. Closing waits for the pods' own jobs, which
 * have cases of their own, so that tenant has none.
 */
async function arrangeTenantJob(app: TestApp, deed: 'export' | 'close'): Promise<Arranged> {
  forgetOthers(app)
  const tenantId = await app.tenant()
  const path = `/api/admin/tenants/${tenantId}`
  await app.admin.post('/api/admin/customers', { tenantId, name: 'Ada', email: 'ada@example.com' })
  const tenant = await app.admin.get<{ name: string }>(path)
  if (deed === 'export') {
    await activePod(app, tenantId, 'vm')
    await app.admin.post(`${path}/export`, {})
  } else {
    await app.admin.call('PATCH', `${path}/settings`, { 'tenants.coolingOffDays': 0 })
    await app.admin.post(`${path}/close`, { name: tenant.body.name, reason: 'the contract has ended' })
  }
  const [job] = await rowsOf(
    app,
    sql<{
      id: string
    }>`select id from provisioning_jobs where subject_id = ${tenantId} and kind = ${`tenant.${deed}`}`,
  )
  const files = () =>
    rowsOf(
      app,
      sql`select e.state, count(c.number)::int as pieces, sum(length(c.data)) = e.bytes as whole from tenant_exports e
        left join tenant_export_chunks c on c.export_id = e.id where e.tenant_id = ${tenantId} group by e.id`,
    )
  const closing = () =>
    rowsOf(
      app,
      sql`select c.state, c.proof -> 'document' -> 'remaining' as remaining, jsonb_array_length(c.pods) as pods,
          (select count(*)::int from cloud_pods where tenant_id = c.tenant_id) as rows,
          (select count(*)::int from customers where tenant_id = c.tenant_id) as customers
        from tenant_closures c where c.tenant_id = ${tenantId}`,
    )
  const world = () => (deed === 'export' ? files() : closing())
  const holdings = async () =>
    deed === 'export' ? (await files()).map((file) => ({ ...(file as object), state: 'failed' })) : deed
  return {
    jobId: job?.id ?? '',
    world,
    holdings,
    afterPermanent: deed === 'export' ? [{ state: 'failed', pieces: 0, whole: null }] : await holdings(),
  }
}

async function arrangeSync(app: TestApp): Promise<Arranged> {
  await rowsOf(app, sql`update nodes set memory_mb = 1, status = 'unknown'`)
  await rowsOf(app, sql`update clusters set health = 'unknown', checked_at = null`)
  const { id } = await app.as((ctx) => {
    const later = { ...ctx, now: () => new Date(Date.now() + syncs++ * 60_000) }
    return provisioningQueues.enqueueClusterSync(later, { id: app.clusterId, name: 'simulated' })
  })
  const world = async () => ({
    nodes: await rowsOf(app, sql`select name, status, memory_mb, storage from nodes order by name`),
    clusters: await rowsOf(
      app,
      sql`select health, health_message, checked_at is not null as checked from clusters`,
    ),
    templates: await rowsOf(app, sql`select count(*)::int as n from cluster_templates`),
  })
  return { jobId: id, world, holdings: world, afterPermanent: await world() }
}
/** One look a minute and cluster: each case takes a minute of its own. */
let syncs = 1_000

/** Every handler of src/jobs/index.ts has at least one case here. */
export const jobCases: JobCase[] = [
  {
    name: 'cloudPod.create of a virtual machine',
    handler: handlerOf('cloudPod.create'),
    permanent: 'failed',
    arrange: (app) => arrangeCreate(app, 'vm', false),
  },
  {
    name: 'cloudPod.create of a container with a paid subscription',
    handler: handlerOf('cloudPod.create'),
    permanent: 'failed',
    everyFailure: true,
    arrange: (app) => arrangeCreate(app, 'ct', true),
  },
  ...(['vm', 'ct'] as const).map((kind) => ({
    name: `cloudPod.destroy of a ${kind}`,
    handler: handlerOf('cloudPod.destroy'),
    permanent: 'stuck' as const,
    arrange: (app: TestApp) => arrangeDestroy(app, kind),
  })),
  ...(['start', 'stop', 'shutdown', 'reboot'] as const).map((action) => ({
    name: `cloudPod.power: ${action}`,
    handler: handlerOf('cloudPod.power'),
    permanent: 'failed' as const,
    arrange: (app: TestApp) => arrangePower(app, action === 'reboot' ? 'ct' : 'vm', action),
  })),
  ...(['suspend', 'resume', 'enforce'] as const).map((deed) => {
    const kind = deed === 'enforce' ? 'tenant.enforce' : `cloudPod.${deed}`
    return {
      name: kind,
      handler: handlerOf(kind),
      permanent: 'stuck' as const,
      arrange: (app: TestApp) => arrangeSuspension(app, deed),
    }
  }),
  ...(['export', 'close'] as const).map((deed) => ({
    name: `tenant.${deed}`,
    handler: handlerOf(`tenant.${deed}`),
    permanent: deed === 'export' ? ('failed' as const) : ('stuck' as const),
    arrange: (app: TestApp) => arrangeTenantJob(app, deed),
  })),
  ...resizeCases(handlerOf, activePod),
  ...planChangeCases(handlerOf, paidOrder),
  ...bandwidthCases(handlerOf, activePod),
  ...addressCases(handlerOf, activePod),
  ...firewallCases(handlerOf, activePod),
  ...findingCases(handlerOf, activePod),
  ...snapshotCases({ handlerOf, activePod }),
  ...adoptionCases(handlerOf),
  ...backupCases({ handlerOf, activePod }),
  ...migrateCases({ handlerOf, activePod }),
  ...rebuildCases({ handlerOf, activePod }),
  ...templateCases({ handlerOf, activePod }),
  ...keepCases({ handlerOf, activePod }),
  ...sourceCases(handlerOf, arrangeCreate),
  ...mailCases(handlerOf),
  ...billingCases(handlerOf),
  ...recordCases(handlerOf),
  ...auditCases(handlerOf),
  ...domainCases(handlerOf),
  ...dnsCases(handlerOf),
  ...sslCases(handlerOf),
  ...sslDeliveryCases({ handlerOf, activePod }),
  ...registryCases(handlerOf),
  ...customerCases(handlerOf),
  {
    name: 'cluster.sync',
    handler: handlerOf('cluster.sync'),
    permanent: 'failed',
    arrange: arrangeSync,
  },
]
