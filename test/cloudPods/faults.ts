import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Subscription } from '../../shared/api/billing.ts'
import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Job, JobDetail } from '../../shared/api/provisioning.ts'
import { pay, prepareOrder, type Order, type Ordered } from '../support/api.ts'
import { finished, until, type TestApp } from '../support/app.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'

export const SUBSCRIPTIONS = '/api/admin/billing/subscriptions'
export const PODS = '/api/admin/hosting/cloudpods'
export const CLONE = '/qemu/\\d+/clone$'

type Choice = { kind?: 'vm' | 'ct'; hostname?: string }
export type Placed = Ordered & { tenantId: string; podId: string; vmid: number; order: Order }

/** An order of a tenant of its own that is not paid yet: everything is reserved, nothing is made. */
export async function placeOrder(app: TestApp, choice: Choice = {}, tenant?: string): Promise<Placed> {
  const tenantId = tenant ?? (await app.tenant())
  const order = await prepareOrder(app.admin, tenantId, choice)
  const { status, body } = await app.admin.post<Ordered>(SUBSCRIPTIONS, order)
  expect(status, JSON.stringify(body)).toBe(201)
  const podId = body.subscription.pod?.id ?? ''
  const pod = await showPod(app, podId)
  return { ...body, tenantId, podId, order, vmid: pod.placement?.vmid ?? 0 }
}

/** Pays an order. @returns the id of the job that makes the pod */
export async function payOrder(app: TestApp, placed: Placed): Promise<string> {
  expect((await pay(app.admin, placed.invoice)).status).toBe(201)
  return (await jobOf(app, placed.podId, 'cloudPod.create')).id
}

export async function orderAndPay(app: TestApp, choice: Choice = {}): Promise<Placed & { jobId: string }> {
  const placed = await placeOrder(app, choice)
  return { ...placed, jobId: await payOrder(app, placed) }
}

/** A delivered pod. */
export async function delivered(app: TestApp, choice: Choice = {}): Promise<Placed & { jobId: string }> {
  const placed = await orderAndPay(app, choice)
  expect(await finished(app.admin, placed.jobId)).toMatchObject({ state: 'succeeded' })
  return placed
}

export const showPod = async (app: TestApp, id: string): Promise<CloudPodDetail> =>
  (await app.admin.get<CloudPodDetail>(`${PODS}/${id}`)).body

export const showSubscription = async (app: TestApp, id: string): Promise<Subscription> =>
  (await app.admin.get<Subscription>(`${SUBSCRIPTIONS}/${id}`)).body

export const showJob = async (app: TestApp, id: string): Promise<JobDetail> =>
  (await app.admin.get<JobDetail>(`/api/admin/provisioning/jobs/${id}`)).body

/** The newest job of a kind about a pod. */
export async function jobOf(app: TestApp, podId: string, kind: string): Promise<{ id: string }> {
  const [job] = await rowsOf(
    app,
    sql<{ id: string }>`select id from provisioning_jobs where subject_id = ${podId} and kind = ${kind}
      order by id desc limit 1`,
  )
  if (!job) throw new Error(`pod ${podId} has no job ${kind}`)
  return job
}

/** Waits until the job says that it waits for something like this. */
export const saysItWaits = (app: TestApp, jobId: string, pattern: RegExp): Promise<Job> =>
  until(
    async () => {
      const job = await showJob(app, jobId)
      return pattern.test(job.waitingFor ?? '') && job
    },
    `job ${jobId} to say that it waits for ${String(pattern)}`,
  )

export async function cancelNow(app: TestApp, subscriptionId: string): Promise<Job | null> {
  const answer = await app.admin.post<{ job: Job | null }>(`${SUBSCRIPTIONS}/${subscriptionId}/cancel`, {
    when: 'now',
  })
  expect(answer.status, JSON.stringify(answer.body)).toBe(202)
  return answer.body.job
}

/** The pod runs, as one guest, made by one task. */
export async function expectDelivered(app: TestApp, placed: Placed): Promise<void> {
  const pod = await showPod(app, placed.podId)
  expect(pod).toMatchObject({ state: 'active', powerState: 'running' })
  const guests = guestsOf(app, placed.podId)
  expect(guests.map((guest) => [guest.vmid, guest.power, guest.config.lock])).toEqual([
    [pod.placement?.vmid, 'running', undefined],
  ])
  const { subscription } = placed
  expect((await showSubscription(app, subscription.id)).state).toBe('active')
}

/** Counts tasks of a type from now on. */
export function countTasks(app: TestApp, type: string): () => number {
  const upids = () =>
    app.sim.control
      .tasks()
      .filter((task) => task.type === type)
      .map((task) => task.upid)
  const before = new Set(upids())
  return () => upids().filter((upid) => !before.has(upid)).length
}

/** Waits until the simulator has received such a request. */
export async function requestArrives(
  app: TestApp,
  method: string,
  path: string,
  since: number,
): Promise<void> {
  await until(
    async () => app.sim.control.requests({ method, path, since }).length > 0,
    `${method} ${path} to arrive`,
  )
}
export const lastRequest = (app: TestApp): number => app.sim.control.requests().at(-1)?.n ?? 0
