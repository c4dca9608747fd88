import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import { catalogue, type Answer, type Api } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { countTasks, delivered, PODS, showPod } from './faults.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
afterEach(() => {
  app.sim.control.clearFaults()
  app.sim.control.resumeTasks()
})

type Made = { cloudPod: CloudPod; job: Job }
type Asked = { cores?: number; memoryMb?: number; diskGb?: number; reboot?: boolean }
type Kind = 'vm' | 'ct'

async function pod(kind: Kind = 'vm', tenant?: string): Promise<{ id: string; tenantId: string }> {
  const tenantId = tenant ?? (await app.tenant())
  const { plan, blueprint } = await catalogue(app.admin, kind)
  const hostname = `pod-${newId().slice(-12)}`
  const body = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname, sshKeys: null }
  const made = await app.admin.post<Made>(PODS, body)
  expect(await finished(app.admin, made.body.job.id)).toMatchObject({ state: 'succeeded' })
  return { id: made.body.cloudPod.id, tenantId }
}

const ask = (id: string, body: Asked, api: Api = app.admin): Promise<Answer<Made & Problem>> =>
  api.post(`${PODS}/${id}/resize`, body)

/** Status and code of each answer, the accepted ones first. */
const saidTo = (answers: Answer<Made & Problem>[]) =>
  answers.toSorted((a, b) => a.status - b.status).map(({ status, body }) => [status, body.code])

/** Asks for a size and waits for what becomes of it. */
async function resize(id: string, body: Asked): Promise<Job> {
  const { status, body: answer } = await ask(id, body)
  expect(status, JSON.stringify(answer)).toBe(202)
  return finished(app.admin, answer.job.id)
}

/** The size of a pod in its row, in its reservation and on the hypervisor, and what its guest still waits for. */
async function sizes(id: string) {
  const [held] = await rowsOf(
    app,
    sql<object>`select cores, memory_mb as "memoryMb", disk_gb as "diskGb" from cloud_pod_reservations where pod_id = ${id}`,
  )
  const { cores, memoryMb, diskGb, pendingRestart, action } = await showPod(app, id)
  const [guest] = guestsOf(app, id)
  if (!guest) throw new Error(`pod ${id} has no guest`)
  const { config, pending } = guest
  return {
    pod: { cores, memoryMb, diskGb },
    held,
    guest: {
      cores: Number(config.cores),
      memoryMb: Number(config.memory),
      diskGb: Number(/size=(\d+)G/.exec(config.scsi0 ?? config.rootfs ?? '')?.[1]),
    },
    pending,
    pendingRestart,
    action,
  }
}
const SMALL = { cores: 1, memoryMb: 2048, diskGb: 20 }
const LARGE = { cores: 2, memoryMb: 4096, diskGb: 30 }
const settledAt = (size: object) => ({
  pod: size,
  held: size,
  guest: size,
  pending: {},
  pendingRestart: false,
  action: null,
})

it('a running container has its new size at once, and row, reservation and guest agree', async () => {
  const { id, tenantId } = await pod('ct')
  expect(await sizes(id)).toEqual(settledAt(SMALL))
  expect(await resize(id, LARGE)).toMatchObject({ state: 'succeeded' })
  expect(await sizes(id)).toEqual(settledAt(LARGE))
  await expectNothingLeaked(app, tenantId)
})

it('a running machine says that it has its new size after its next restart, until a restart was read back', async () => {
  const { id, tenantId } = await pod('vm')
  expect(await resize(id, LARGE)).toMatchObject({ state: 'succeeded' })
  expect(await sizes(id)).toEqual({
    pod: LARGE,
    held: LARGE,
    guest: { ...SMALL, diskGb: LARGE.diskGb },
    pending: { cores: '2', memory: '4096' },
    pendingRestart: true,
    action: null,
  })
  const { body } = await app.admin.post<Made>(`${PODS}/${id}/reboot`)
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
  expect(await sizes(id)).toEqual(settledAt(LARGE))
  await expectNothingLeaked(app, tenantId)
})

it('a machine restarts once for its new size when that was asked for', async () => {
  const { id } = await pod('vm')
  const reboots = countTasks(app, 'qmreboot')
  expect(await resize(id, { ...LARGE, reboot: true })).toMatchObject({ state: 'succeeded' })
  expect(await sizes(id)).toEqual(settledAt(LARGE))
  expect(reboots()).toBe(1)
  expect(guestsOf(app, id)[0]?.power).toBe('running')
})

it('a machine that is off has its new size without a restart, and a smaller one gives back what it held', async () => {
  const { id } = await pod('vm')
  const { body } = await app.admin.post<Made>(`${PODS}/${id}/stop`)
  await finished(app.admin, body.job.id)
  expect(await resize(id, { ...LARGE, reboot: true })).toMatchObject({ state: 'succeeded' })
  expect(await sizes(id)).toEqual(settledAt(LARGE))
  expect(await resize(id, { cores: 1, memoryMb: 2048 })).toMatchObject({ state: 'succeeded' })
  expect(await sizes(id)).toEqual(settledAt({ ...SMALL, diskGb: LARGE.diskGb }))
})

it('the larger size is reserved as long as the job has not ended', async () => {
  const { id } = await pod('vm')
  app.sim.control.pauseTasks('resize')
  const { body } = await ask(id, { memoryMb: 1024, diskGb: 40 })
  expect((await sizes(id)).held).toEqual({ cores: 1, memoryMb: 2048, diskGb: 40 })
  expect(await showPod(app, id)).toMatchObject({ action: 'resizing', ...SMALL })
  app.sim.control.resumeTasks()
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
  expect((await sizes(id)).held).toEqual({ cores: 1, memoryMb: 1024, diskGb: 40 })
})

it.each(['vm', 'ct'] as const)(
  'a disk that cannot grow sets cores and memory of the %s back, and its reservation',
  async (kind) => {
    const { id, tenantId } = await pod(kind)
    app.sim.control.failTask({ type: 'resize', text: 'no space left on device' })
    const job = await resize(id, LARGE)
    expect(job).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('no space left') as string },
    })
    expect(await sizes(id)).toEqual(settledAt(SMALL))
    expect((await showPod(app, id)).problem).toContain('no space left')
    await expectNothingLeaked(app, tenantId)
  },
)

it('a disk that has grown before the restart failed stays as large as it is, in its row and reservation', async () => {
  const { id } = await pod('vm')
  app.sim.control.failTask({ type: 'qmreboot', text: 'VM quit/powerdown failed - got timeout' })
  expect(await resize(id, { ...LARGE, reboot: true })).toMatchObject({ state: 'failed' })
  expect(await sizes(id)).toEqual(settledAt({ ...SMALL, diskGb: LARGE.diskGb }))
})

it.each([
  ['the change of cores and memory', 'POST', '/config$'],
  ['the growth of the disk', 'PUT', '/resize$'],
  ['the restart', 'POST', '/status/reboot$'],
])('a lost answer to %s is looked up, and nothing is done twice', async (_what, method, path) => {
  const { id } = await pod('vm')
  const reboots = countTasks(app, 'qmreboot')
  app.sim.control.addFault({ method, path, dropAfter: true })
  expect(await resize(id, { ...LARGE, reboot: true })).toMatchObject({ state: 'succeeded' })
  expect(await sizes(id)).toEqual(settledAt(LARGE))
  expect(reboots()).toBe(1)
})

it('a guest that is not ours is not resized: the job ends, and nothing of it has changed', async () => {
  const { id } = await pod('vm')
  const [guest] = guestsOf(app, id)
  const vmid = guest?.vmid ?? 0
  app.sim.control.changeGuest(vmid, { config: { description: 'somebody else' } })
  const before = app.sim.control.guests().find((one) => one.vmid === vmid)
  expect(await resize(id, LARGE)).toMatchObject({ state: 'failed', error: { code: 'not_ours' } })
  expect(app.sim.control.guests().find((one) => one.vmid === vmid)).toEqual(before)
  app.sim.control.changeGuest(vmid, { config: { description: guest?.config.description ?? '' } })
  expect(await sizes(id)).toEqual(settledAt(SMALL))
})

it('of two sizes asked for at once for one pod, one is taken', async () => {
  const { id } = await pod('ct')
  const answers = await Promise.all([ask(id, { cores: 2 }), ask(id, { cores: 3 })])
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409])
  const [taken] = answers.filter(({ status }) => status === 202)
  await finished(app.admin, taken?.body.job.id ?? '')
  const { pod: size, held, guest } = await sizes(id)
  expect(held).toEqual(size)
  expect(guest).toEqual(size)
})

it('of two pods that grow at once into room for one, in quota or on the node, one is taken', async () => {
  const tenantId = await app.tenant()
  const first = await pod('ct', tenantId)
  const second = await pod('ct', tenantId)
  const both = () => Promise.all([first, second].map(({ id }) => ask(id, { memoryMb: 4096 })))
  const set = (maxMemoryMb: number) =>
    app.as((ctx) =>
      sql`update cloud_pod_quotas set max_memory_mb = ${maxMemoryMb} where tenant_id = ${tenantId}`.execute(
        ctx.tx,
      ),
    )
  await set(6144)
  const answers = await both()
  expect(saidTo(answers)).toEqual([
    [202, undefined],
    [409, 'quota_exceeded'],
  ])
  await set(1_000_000)
  for (const { body, status } of answers) if (status === 202) await finished(app.admin, body.job.id)

  // Both on one node that has room for one.
  const third = await pod('ct', tenantId)
  const fourth = await pod('ct', tenantId)
  const place = async (id: string) => (await showPod(app, id)).placement?.nodeId
  await rowsOf(
    app,
    sql`with moved as (update cloud_pods set node_id = ${await place(third.id)} where id = ${fourth.id})
      update cloud_pod_reservations set node_id = ${await place(third.id)} where pod_id = ${fourth.id}`,
  )
  await rowsOf(
    app,
    sql`update nodes n set memory_overcommit = 1, memory_mb = 2048 + (select sum(memory_mb) from cloud_pod_reservations
      where node_id = n.id) where id = ${await place(third.id)}`,
  )
  const grown = await Promise.all([third, fourth].map(({ id }) => ask(id, { memoryMb: 4096 })))
  expect(saidTo(grown)).toEqual([
    [202, undefined],
    [409, 'no_node_fits'],
  ])
  expect(grown.find(({ status }) => status === 409)?.body.detail).toMatch(/memory \d+ \+ 2048 > \d+ MiB/)
  for (const { body, status } of grown) if (status === 202) await finished(app.admin, body.job.id)
  await rowsOf(app, sql`update nodes set memory_mb = 1000000`)
})

it('what cannot be is refused with its reason, by the preview in the same words, and changes nothing', async () => {
  const { id, tenantId } = await pod('vm')
  const cases: [Asked, number, string][] = [
    [{ diskGb: 10 }, 422, 'invalid_input'],
    [{}, 422, 'invalid_input'],
    [SMALL, 422, 'invalid_input'],
    [{ cores: 512 }, 422, 'plan_not_allowed'],
  ]
  for (const [body, status, code] of cases) {
    const answer = await ask(id, body)
    expect(answer, JSON.stringify(body)).toMatchObject({ status, body: { code } })
    const query = new URLSearchParams(
      Object.entries(body).map(([key, value]): [string, string] => [key, String(value)]),
    )
    const preview = await app.admin.get<{ refusals: object[] }>(`${PODS}/${id}/resize?${query.toString()}`)
    expect(preview.body.refusals).toContainEqual({ code, message: answer.body.detail })
  }
  const fine = await app.admin.get<object>(`${PODS}/${id}/resize?cores=2`)
  expect(fine).toMatchObject({ status: 200, body: { refusals: [] } })
  expect((await app.admin.get(`${PODS}/${id}/resize?cores=x`)).status).toBe(422)
  expect(await sizes(id)).toEqual(settledAt(SMALL))
  const user = await app.login('TENANT_USER', tenantId)
  expect(await ask(id, { cores: 2 }, user)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
})

it('a pod of a subscription is sized by its plan; only who manages the infrastructure may decide otherwise', async () => {
  const placed = await delivered(app)
  const owner = await app.login('TENANT_OWNER', placed.tenantId)
  expect(await ask(placed.podId, { cores: 2 }, owner)).toMatchObject({
    status: 409,
    body: { code: 'invalid_state', detail: expect.stringContaining('its plan') as string },
  })
  expect(await resize(placed.podId, { cores: 2, reboot: true })).toMatchObject({ state: 'succeeded' })
  expect((await sizes(placed.podId)).guest.cores).toBe(2)
})
