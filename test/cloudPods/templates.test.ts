import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { CloudPod, CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { CloudPodTemplatePreview } from '../../shared/api/cloudPodTemplates.ts'
import type { Page, Problem } from '../../shared/api/common.ts'
import type { Blueprint, Job } from '../../shared/api/provisioning.ts'
import type { QuotaView } from '../../shared/api/tenants.ts'
import { identityOptions, parseMarker } from '../../src/integrations/proxmox/guestConfig.ts'
import * as cloudPodTemplateService from '../../src/services/cloudPodTemplateService.ts'
import type { Accepted } from '../../src/services/cloudPodTemplateService.ts'
import * as provisioningQueues from '../../src/services/provisioningQueues.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { catalogue } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, podRow, rowsOf } from '../support/harnessWorld.ts'
import { countTasks, PODS } from './faults.ts'

const BLUEPRINTS = '/api/admin/provisioning/blueprints'
const CLONE = '/qemu/\\d+/clone$'
const TEMPLATE = '/qemu/\\d+/template$'

let app: TestApp
let tenantId: string
let podId: string
beforeAll(async () => {
  app = await startApp()
  tenantId = await app.tenant()
  podId = await stoppedPod()
})
afterAll(() => app.close())
afterEach(() => app.sim.control.clearFaults())

type Made = { cloudPod: CloudPod; job: Job }
let names = 0

async function order(blueprintId: string): Promise<Made> {
  const { plan } = await catalogue(app.admin)
  const body = {
    tenantId,
    planId: plan.id,
    blueprintId,
    hostname: `pod${++names}.example.com`,
    sshKeys: null,
  }
  const answer = await app.admin.post<Made>(PODS, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(202)
  return answer.body
}

async function succeeds({ id }: { id: string }): Promise<void> {
  expect(await finished(app.admin, id)).toMatchObject({ state: 'succeeded', error: null })
}

async function stoppedPod(kind: 'vm' | 'ct' = 'vm'): Promise<string> {
  const { blueprint } = await catalogue(app.admin, kind)
  const { cloudPod, job } = await order(blueprint.id)
  await succeeds(job)
  await succeeds((await app.admin.post<{ job: Job }>(`${PODS}/${cloudPod.id}/stop`)).body.job)
  return cloudPod.id
}

async function make(name = 'Own image'): Promise<Accepted> {
  const { status, body } = await app.admin.post<Accepted>(`${PODS}/${podId}/template`, { name })
  expect(status, JSON.stringify(body)).toBe(202)
  return body
}

async function made(): Promise<Blueprint> {
  const { blueprint, job } = await make()
  await succeeds(job)
  return show(blueprint.id)
}

const show = async (id: string): Promise<Blueprint> =>
  (await app.admin.get<Blueprint>(`${BLUEPRINTS}/${id}`)).body
const remove = (id: string) => app.admin.call<Accepted & Problem>('DELETE', `${BLUEPRINTS}/${id}/template`)
const guestOf = (id: string) =>
  app.sim.control.guests().find(({ config }) => parseMarker(config.description)?.podId === id)
const diskUsed = async (): Promise<number | undefined> =>
  (await app.admin.get<QuotaView>(`/api/admin/tenants/${tenantId}/quotas`)).body.limits?.maxDiskGb.used

it('a stopped machine becomes a template without its identity, and a blueprint that its tenant alone can order', async () => {
  const before = await diskUsed()
  const { disk_gb: diskGb, mac, ...pod } = await podRow(app, podId)
  const blueprint = await made()
  expect(blueprint).toMatchObject({
    tenantId,
    kind: 'vm',
    minDiskGb: diskGb,
    state: 'active',
    available: true,
  })
  expect(blueprint.template).toEqual({
    state: 'ready',
    podId,
    hostname: pod.hostname,
    diskGb,
    problem: null,
  })
  // It lies on a shared storage, so every node can copy it.
  expect(new Set(blueprint.images.map(({ sourceNodeId }) => sourceNodeId))).toEqual(new Set([pod.node_id]))
  expect(blueprint.images).toHaveLength(3)
  const guest = guestOf(blueprint.id)
  const config: Record<string, string> = guest?.config ?? {}
  expect(guest?.power).toBe('stopped')
  expect(config).toMatchObject({ template: '1', name: blueprint.code, tags: 'mpanel;mpanel-template' })
  expect(config.scsi0).toContain('base-')
  expect(identityOptions(config)).toEqual([])
  const own = [mac, pod.hostname, ...(await addressesOf(podId))]
  for (const secret of own) expect(JSON.stringify(config).toUpperCase()).not.toContain(secret.toUpperCase())
  expect(await diskUsed()).toBe((before ?? 0) + diskGb)
  expect(guestsOf(app, podId).map(({ power }) => power)).toEqual(['stopped'])

  const { cloudPod, job } = await order(blueprint.id)
  await succeeds(job)
  const [copy] = guestsOf(app, cloudPod.id)
  expect(copy).toMatchObject({ power: 'running', config: { tags: 'mpanel', name: cloudPod.hostname } })
  expect(copy?.config.template).toBeUndefined()
  expect(copy?.config.ipconfig0).toContain((await addressesOf(cloudPod.id))[0])

  const other = await app.tenant()
  const stranger = await app.login('TENANT_ADMIN', other)
  const seen = await stranger.get<Page<Blueprint>>(BLUEPRINTS)
  expect(seen.body.items.filter((one) => one.tenantId !== null)).toEqual([])
  const { plan } = await catalogue(app.admin)
  const wrong = { tenantId: other, planId: plan.id, blueprintId: blueprint.id, hostname: 'x.example.com' }
  for (const api of [stranger, app.admin]) expect((await api.post(PODS, wrong)).status).toBe(404)
  expect((await stranger.call('DELETE', `${BLUEPRINTS}/${blueprint.id}/template`)).status).toBe(404)

  const removal = await remove(blueprint.id)
  expect(removal).toMatchObject({ status: 202, body: { blueprint: { state: 'retired', available: false } } })
  await succeeds(removal.body.job)
  // A pod was made of it, so the blueprint stays as a name; its guest and what it held do not.
  expect(await show(blueprint.id)).toMatchObject({ state: 'retired', template: { state: 'gone' } })
  expect(guestOf(blueprint.id)).toBeUndefined()
  expect(guestsOf(app, cloudPod.id).map(({ power }) => power)).toEqual(['running'])
  expect(await diskUsed()).toBe((before ?? 0) + cloudPod.diskGb)
  await succeeds((await app.admin.call<Made>('DELETE', `${PODS}/${cloudPod.id}`)).body.job)
  await expectNothingLeaked(app, tenantId)
})

const addressesOf = async (id: string): Promise<string[]> =>
  (await app.admin.get<CloudPodDetail>(`${PODS}/${id}`)).body.addresses

it.each([
  ['a reset after it was carried out', { dropAfter: true }],
  ['596 after it was carried out', { status: 596, execute: true }],
  ['a reset before anybody heard it', { dropBefore: true }],
])(
  'an answer that is lost by %s is looked up: one copy, one template, and none is left',
  async (_, fault) => {
    const counts = ['qmclone', 'qmtemplate', 'qmdestroy'].map((type) => countTasks(app, type))
    app.sim.control.addFault({ method: 'POST', path: CLONE, times: 1, ...fault })
    app.sim.control.addFault({ method: 'POST', path: TEMPLATE, times: 1, ...fault })
    const { id } = await made()
    expect(guestOf(id)?.config).toMatchObject({ template: '1' })
    app.sim.control.addFault({ method: 'DELETE', path: '/qemu/\\d+$', times: 1, ...fault })
    await succeeds((await remove(id)).body.job)
    expect(counts.map((count) => count())).toEqual([1, 1, 1])
    expect((await app.admin.get(`${BLUEPRINTS}/${id}`)).status).toBe(404)
    await expectNothingLeaked(app, tenantId)
  },
)

it('a template whose disks are not all base images because its task was killed is finished', async () => {
  app.sim.control.setSpeed({ configMs: 400 })
  const { blueprint, job } = await make()
  const task = await until(
    async () =>
      app.sim.control.tasks().find(({ type, exitstatus }) => type === 'qmtemplate' && exitstatus === null),
    'the template to be made',
  )
  await until(async () => guestOf(blueprint.id)?.config.template === '1', 'it to be a template')
  app.sim.control.killTask(task.upid)
  app.sim.control.setSpeed({ configMs: 1 })
  await succeeds(job)
  expect(guestOf(blueprint.id)?.config.scsi0).toContain('base-')
  await succeeds((await remove(blueprint.id)).body.job)
})

it('a copy that fails leaves no blueprint, no guest and nothing held', async () => {
  const before = await diskUsed()
  app.sim.control.failTask({ type: 'qmclone', text: 'clone failed: No space left on device' })
  const { blueprint, job } = await make()
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'failed', error: { code: 'task_failed' } })
  expect((await app.admin.get(`${BLUEPRINTS}/${blueprint.id}`)).status).toBe(404)
  expect(guestOf(blueprint.id)).toBeUndefined()
  expect(await diskUsed()).toBe(before)
  await expectNothingLeaked(app, tenantId)
})

it('a guest without a drive for cloud-init, one that was started and one that was moved behind our back are left alone', async () => {
  const { vmid } = await podRow(app, podId)
  const drive = guestsOf(app, podId)[0]?.config.ide2 ?? ''
  const fails = async (code: string): Promise<void> => {
    const { job } = await make()
    expect(await finished(app.admin, job.id)).toMatchObject({ state: 'failed', error: { code } })
  }
  app.sim.control.changeGuest(vmid, { remove: ['ide2'] })
  await fails('cloud_init_missing')
  app.sim.control.changeGuest(vmid, { config: { ide2: drive }, power: 'running' })
  await fails('not_stopped')
  app.sim.control.changeGuest(vmid, { power: 'stopped' })
  await rowsOf(app, sql`update cloud_pods set power_state = 'stopped' where id = ${podId}`)
  await expectNothingLeaked(app, tenantId)
})

it('a template that cannot be destroyed says why, and can be ordered and removed again', async () => {
  const { id } = await made()
  const why = 'base volume is still in use by linked cloned'
  app.sim.control.failTask({ type: 'qmdestroy', text: why })
  const { job } = (await remove(id)).body
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'failed' })
  expect(await show(id)).toMatchObject({
    state: 'active',
    available: true,
    template: { state: 'ready', problem: expect.stringContaining(why) as string },
  })
  expect(guestOf(id)).toBeDefined()
  await succeeds((await remove(id)).body.job)
})

it('what is refused says why: containers, pods that run, quotas, and templates that are read', async () => {
  const running = await order((await catalogue(app.admin)).blueprint.id)
  await succeeds(running.job)
  const ct = await stoppedPod('ct')
  const preview = async (id: string) =>
    (await app.admin.get<CloudPodTemplatePreview>(`${PODS}/${id}/template`)).body.refusal
  expect(await preview(podId)).toBeNull()
  expect(await preview(running.cloudPod.id)).toContain('Stop the pod first')
  expect(await preview(ct)).toContain('Containers')
  for (const id of [running.cloudPod.id, ct])
    expect(await app.admin.post(`${PODS}/${id}/template`, { name: 'No' })).toMatchObject({
      status: 409,
      body: { code: 'invalid_state' },
    })
  const quotas = `/api/admin/tenants/${tenantId}/quotas`
  await app.admin.call('PATCH', quotas, { maxDiskGb: await diskUsed() })
  const full = await app.admin.post<Problem>(`${PODS}/${podId}/template`, { name: 'No' })
  expect(full).toMatchObject({ status: 409, body: { code: 'quota_exceeded' } })
  await app.admin.call('PATCH', quotas, { maxDiskGb: 1_000_000 })

  const blueprint = await made()
  app.sim.control.pauseTasks('qmclone')
  const { cloudPod, job } = await order(blueprint.id)
  expect(await remove(blueprint.id)).toMatchObject({
    status: 409,
    body: { code: 'invalid_state', detail: expect.stringContaining('being made of it') as string },
  })
  app.sim.control.resumeTasks()
  await succeeds(job)
  const asked = await app.admin.call<Problem>('DELETE', `${BLUEPRINTS}/${blueprint.id}`)
  expect(asked).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  const changed = await app.admin.call<Problem>('PATCH', `${BLUEPRINTS}/${blueprint.id}`, {
    state: 'retired',
  })
  expect(changed).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  const platforms = await remove((await catalogue(app.admin)).blueprint.id)
  expect(platforms).toMatchObject({ status: 409, body: { code: 'invalid_state' } })

  // Whoever closes the tenant removes all of them.
  expect(await app.as((ctx) => cloudPodTemplateService.removeAll(ctx, tenantId))).toBe(1)
  await until(
    async () => (await app.as((ctx) => cloudPodTemplateService.removeAll(ctx, tenantId))) === 0,
    'all templates to be gone',
  )
  for (const id of [cloudPod.id, running.cloudPod.id, ct])
    await succeeds((await app.admin.call<Made>('DELETE', `${PODS}/${id}`)).body.job)
  await expectNothingLeaked(app, tenantId)
})

it('a template is nobody’s guest to the comparison, is offered as an image to nobody, and outlives its pod', async () => {
  const blueprint = await made()
  const vmid = guestOf(blueprint.id)?.vmid ?? 0
  await app.admin.post(`/api/admin/provisioning/clusters/${app.clusterId}/reconcile`)
  await app.as((ctx) =>
    provisioningQueues.enqueueClusterSync(ctx, { id: app.clusterId, name: 'simulated' }, 'once more'),
  )
  const jobs = () =>
    rowsOf(
      app,
      sql`select from provisioning_jobs_live where queue = 'system' and state not in ('succeeded', 'failed', 'cancelled')`,
    )
  await until(async () => (await jobs()).length === 0, 'the cluster to be read')
  expect(await rowsOf(app, sql`select kind from findings where vmid = ${vmid}`)).toEqual([])
  expect(await rowsOf(app, sql`select from cluster_templates where ref = ${String(vmid)}`)).toEqual([])

  await succeeds((await app.admin.call<Made>('DELETE', `${PODS}/${podId}`)).body.job)
  await rowsOf(app, sql`update clusters set simulated = false`)
  const removal = app.as((ctx) => provisioningService.removeCluster(ctx, app.clusterId, 'simulated'))
  await expect(removal).rejects.toThrow('1 template(s) of tenants')
  await succeeds((await remove(blueprint.id)).body.job)
  await expectNothingLeaked(app, tenantId)
})
