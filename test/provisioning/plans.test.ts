import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { JobPlan } from '../../shared/api/provisioningPlan.ts'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { prepareOrder, pay, type Ordered } from '../support/api.ts'
import { podIn } from '../rules/pods.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
})
afterAll(() => app.close())
afterEach(() => app.sim.control.clearFaults())

type Refused = { code: string; detail: string }
const planOf = (jobId: string) =>
  app.admin.get<JobPlan & Refused>(`/api/admin/provisioning/jobs/${jobId}/plan`)
const writes = () => app.sim.control.requests().filter(({ method }) => method !== 'GET').length

/** A pod that is made, as the database says; its guest does not exist. */
async function orderedPod(): Promise<{ cloudPod: CloudPod; job: Job }> {
  return podIn(app, tenantId)
}

it('the plan of an order names every call with its parameters, what is written, and no password', async () => {
  const order = await prepareOrder(app.admin, tenantId)
  const ordered = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  const paid = await pay(app.admin, ordered.body.invoice)
  const jobs = await app.admin.get<{ items: Job[] }>(
    `/api/admin/provisioning/jobs?subjectId=${paid.body.subscription.pod?.id}`,
  )
  const job = jobs.body.items[0]
  const before = writes()
  const { status, body: plan } = await planOf(job?.id ?? '')
  expect(status).toBe(200)
  expect(plan).toMatchObject({ outcome: 'succeeds', message: null })
  expect(writes(), 'the cluster was changed').toBe(before)
  const calls = plan.steps.flatMap((step) => step.calls)
  expect(calls[0]).toMatchObject({
    method: 'POST',
    path: expect.stringMatching(/^\/nodes\/\w+\/qemu\/\d+\/clone$/),
    params: { name: order.hostname, full: '1' },
  })
  expect(calls.at(-1)).toMatchObject({ method: 'POST', path: expect.stringMatching(/\/status\/start$/) })
  expect(plan.changes.map(({ table }) => table)).toEqual(
    expect.arrayContaining(['cloud_pods', 'subscriptions']),
  )
  expect(plan.events.map(({ action }) => action)).toContain('CLOUDPOD_CREATED')
  // What was ordered is paid and reserved already.
  expect(plan.costs).toEqual({
    quota: { pods: 0, cores: 0, memoryMb: 0, diskGb: 0, addresses: 0, snapshots: 0, backups: 0 },
    money: [],
  })
  const after = await app.admin.get<Job>(`/api/admin/provisioning/jobs/${job?.id}`)
  expect(after.body).toMatchObject({ state: 'ready', attempts: 0 })
})

it('what a job gives back of the quota is among its costs', async () => {
  const { cloudPod } = await orderedPod()
  const deleted = await app.admin.call<{ job: Job }>(
    'DELETE',
    `/api/admin/hosting/cloudpods/${cloudPod.id}`,
    {
      hostname: cloudPod.hostname,
    },
  )
  const { body } = await planOf(deleted.body.job.id)
  expect(body.outcome).toBe('succeeds')
  expect(body.costs.quota).toMatchObject({ pods: -1, cores: -cloudPod.cores })
})

it('a plan says why a job would wait, in the words of the cluster', async () => {
  const { job } = await orderedPod()
  app.sim.control.addFault({ path: '.', status: 595, reason: 'No route to host', times: 1_000 })
  const { body } = await planOf(job.id)
  expect(body).toMatchObject({ outcome: 'waits', message: expect.stringContaining('No route to host') })
})

it('a plan sees the cluster as it is: where a stranger holds the VMID, it would take another one', async () => {
  const { cloudPod, job } = await orderedPod()
  const { vmid } = await app.as(({ tx }) =>
    tx.selectFrom('cloud_pods').select('vmid').where('id', '=', cloudPod.id).executeTakeFirstOrThrow(),
  )
  app.sim.control.createGuest({ vmid, node: 'pve1', name: 'stranger' })
  const { body } = await planOf(job.id)
  expect(body.outcome).toBe('succeeds')
  const clone = body.steps.flatMap((step) => step.calls).find(({ path }) => path.endsWith('/clone'))
  expect(Number(clone?.params['newid'])).not.toBe(vmid)
})

it('a plan says why a job would fail, and what it would undo', async () => {
  const { cloudPod, job } = await orderedPod()
  await app.as(({ tx }) =>
    sql`update cloud_pods set state = 'deleting' where id = ${cloudPod.id}`.execute(tx),
  )
  const { body } = await planOf(job.id)
  expect(body).toMatchObject({ outcome: 'fails', message: expect.stringContaining('cancelled') })
})

it('a job that runs, one that is over and one that is about no pod are refused with the reason', async () => {
  const { job } = await orderedPod()
  const set = (to: string, owner: string | null) =>
    app.as(({ tx }) =>
      sql`update provisioning_jobs_live set state = ${to}, lease_owner = ${owner},
        lease_until = case when ${owner}::text is null then null else now() + interval '1 h' end where id = ${job.id}`.execute(
        tx,
      ),
    )
  await set('running', 'a worker')
  expect((await planOf(job.id)).body).toMatchObject({
    code: 'invalid_state',
    detail: expect.stringContaining('is running'),
  })
  await set('stuck', null)
  expect((await planOf(job.id)).status).toBe(200)
  const sync = await app.admin.post<{ job: Job }>('/api/admin/provisioning/clusters', {
    name: `cluster ${newId()}`,
    apiUrl: 'https://127.0.0.1:9',
    tokenId: 'mpanel@pve!panel',
    tokenSecret: newId(),
  })
  expect((await planOf(sync.body.job.id)).body).toMatchObject({
    code: 'invalid_state',
    detail: expect.stringContaining('CloudPod'),
  })
  expect((await planOf(newId())).status).toBe(404)
})

it('a plan waits for nobody: while something else works on the pod, one is told to try again', async () => {
  const { cloudPod, job } = await orderedPod()
  const answer = await app.as(async ({ tx }) => {
    await sql`select from cloud_pods where id = ${cloudPod.id} for update`.execute(tx)
    return planOf(job.id)
  })
  expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } })
})

it('only who runs the platform sees a plan', async () => {
  const { job } = await orderedPod()
  const owner = await app.login('TENANT_OWNER', tenantId)
  expect((await owner.get(`/api/admin/provisioning/jobs/${job.id}/plan`)).status).toBe(403)
})
