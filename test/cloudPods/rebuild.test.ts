import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { CloudPodBackup } from '../../shared/api/cloudPodBackups.ts'
import type { CloudPodRebuildPreview } from '../../shared/api/cloudPodRebuilds.ts'
import type { CloudPod, CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { Job, Node } from '../../shared/api/provisioning.ts'
import type { Brake } from '../../shared/api/provisioningControls.ts'
import { ALL_PRIVILEGES } from '../../sim/proxmox/roles.ts'
import { newId } from '../../src/lib/ids.ts'
import * as cloudPodRebuildService from '../../src/services/cloudPodRebuildService.ts'
import { PRIVILEGES } from '../../src/services/provisioningService.ts'
import { catalogue } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { pairOf } from '../support/harnessRebuild.ts'
import { expectNothingLeaked, guestsOf, heldBy, podRow, rowsOf } from '../support/harnessWorld.ts'
import { PODS, showPod } from './faults.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp()
  app.sim.control.setStaleness(0)
  // What README.md names is enough for all of this.
  const needed = new Set(Object.values(PRIVILEGES).flat())
  const others = ALL_PRIVILEGES.filter((one) => !needed.has(one))
  app.sim.control.setRole('MPanel', others, false)
  tenantId = await app.tenant()
})
afterAll(() => app.close())
afterEach(async () => {
  app.sim.control.clearFaults()
  await rowsOf(app, sql`update nodes set state = 'active'`)
})

type Made = { cloudPod: CloudPod; job: Job }
type Answer = Made & Problem

async function pod(kind: 'vm' | 'ct' = 'vm'): Promise<CloudPodDetail> {
  const { plan, blueprint } = await catalogue(app.admin, kind)
  const hostname = `pod-${newId().slice(-12)}`
  const keys = { sshKeys: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ada@example.com' }
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname, ...keys }
  const made = await app.admin.post<Made>(PODS, order)
  expect(await finished(app.admin, made.body.job.id)).toMatchObject({ state: 'succeeded' })
  return showPod(app, made.body.cloudPod.id)
}

const ask = ({ id, hostname }: CloudPod, blueprintId: string | null = null) =>
  app.admin.post<Answer>(`${PODS}/${id}/rebuild`, { blueprintId, hostname })
const askKept = ({ id, hostname }: CloudPod, what: 'return' | 'destroy') =>
  app.admin.post<Answer>(`${PODS}/${id}/kept-guest/${what}`, { hostname })

async function ended({ status, body }: { status: number; body: Answer }): Promise<Job> {
  expect(status, JSON.stringify(body)).toBe(202)
  return finished(app.admin, body.job.id)
}

const guestAt = (vmid: number) => app.sim.control.guests().find((guest) => guest.vmid === vmid)
const nodes = async (): Promise<Node[]> =>
  (await app.admin.get<{ items: Node[] }>('/api/admin/provisioning/nodes')).body.items
const nodeNamed = async (name: string | undefined): Promise<Node> => {
  const found = (await nodes()).find((node) => node.name === name)
  if (!found) throw new Error(`there is no node ${name}`)
  return found
}

/** A blueprint of virtual machines that one node alone has an image of. */
async function blueprintOn(node: string | undefined): Promise<string> {
  const code = `blueprint-${newId().slice(-10)}`
  const images = [{ nodeId: (await nodeNamed(node)).id, ref: '9000' }]
  const { body } = await app.admin.post<{ id: string }>('/api/admin/provisioning/blueprints', {
    code,
    name: code,
    kind: 'vm',
    images,
  })
  return body.id
}

async function strangers(): Promise<unknown[]> {
  const path = `/api/admin/provisioning/clusters/${app.clusterId}/reconcile`
  const { body } = await app.admin.post<{ job: Job }>(path)
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
  return rowsOf(app, sql`select kind, vmid from findings where state <> 'closed'`)
}

const KEPT = { own: false, power: 'stopped', linkDown: true, onboot: false, noted: true }
const OWN = { own: true, power: 'running', linkDown: false, onboot: true, noted: false }

it('a rebuilt pod has a fresh guest with its name, address, MAC, size and keys; the former one is off, unplugged and known', async () => {
  const before = await pod('vm')
  const old = guestAt(before.placement?.vmid ?? 0)
  const reserved = (await nodeNamed(old?.node)).reserved
  expect(await ended(await ask(before))).toMatchObject({ state: 'succeeded' })
  const after = await showPod(app, before.id)
  expect(after).toMatchObject({
    state: 'active',
    action: null,
    powerState: 'running',
    addresses: before.addresses,
    keptGuest: { state: 'kept', blueprint: before.blueprint, problem: null },
  })
  const hours =
    (Date.parse(after.keptGuest?.until ?? '') - Date.parse(after.keptGuest?.since ?? '')) / 3_600_000
  expect(hours).toBe(24)
  const made = guestAt(after.placement?.vmid ?? 0)
  expect(made?.vmid).not.toBe(old?.vmid)
  for (const key of ['name', 'net0', 'ipconfig0', 'cores', 'memory', 'sshkeys', 'tags'])
    expect([key, made?.config[key]]).toEqual([key, old?.config[key]])
  expect(await pairOf(app, before.id)).toMatchObject([OWN, KEPT])
  // The node holds one more disk, and no more pods, cores or memory.
  expect((await nodeNamed(old?.node)).reserved).toEqual({ ...reserved, diskGb: reserved.diskGb + 20 })
  expect(await strangers()).toEqual([])
  await expectNothingLeaked(app, tenantId)
})

it('going back exchanges the two guests, and letting go of the other one frees its VMID and its disk', async () => {
  const before = await pod('ct')
  const vmid = before.placement?.vmid ?? 0
  await ended(await ask(before))
  expect((await ask(before)).body).toMatchObject({ code: 'invalid_state' })
  const until = (await showPod(app, before.id)).keptGuest?.until
  expect(await ended(await askKept(before, 'return'))).toMatchObject({ state: 'succeeded' })
  const back = await showPod(app, before.id)
  expect(back).toMatchObject({ placement: { vmid }, keptGuest: { state: 'kept', until } })
  expect(await pairOf(app, before.id)).toMatchObject([OWN, KEPT])
  expect(guestAt(vmid)?.config.tags).toBe('mpanel')
  expect(await ended(await askKept(before, 'destroy'))).toMatchObject({ state: 'succeeded' })
  expect(await showPod(app, before.id)).toMatchObject({ keptGuest: null, powerState: 'running' })
  expect(guestsOf(app, before.id).map((guest) => guest.vmid)).toEqual([vmid])
  expect(await heldBy(app, before.id)).toMatchObject({ vmids: ['reserved'], capacity: 1 })
  expect((await askKept(before, 'return')).body).toMatchObject({ code: 'invalid_state' })
  await expectNothingLeaked(app, tenantId)
})

it('a blueprint without an image where the pod is takes it to another node, and a pod that grew meanwhile is as large after going back', async () => {
  await rowsOf(app, sql`update nodes set state = 'drained' where name = 'pve1'`)
  const before = await pod('vm')
  await rowsOf(app, sql`update nodes set state = 'active'`)
  const from = before.placement?.nodeName
  const blueprintId = await blueprintOn('pve1')
  expect(await ended(await ask(before, blueprintId))).toMatchObject({ state: 'succeeded' })
  expect(await showPod(app, before.id)).toMatchObject({
    blueprint: { id: blueprintId },
    placement: { nodeName: 'pve1' },
  })
  const grown = await app.admin.post<Answer>(`${PODS}/${before.id}/resize`, { cores: 2, diskGb: 25 })
  await ended(grown)
  expect(await ended(await askKept(before, 'return'))).toMatchObject({ state: 'succeeded' })
  expect(await showPod(app, before.id)).toMatchObject({
    blueprint: before.blueprint,
    placement: { nodeName: from, vmid: before.placement?.vmid },
    cores: 2,
    diskGb: 25,
  })
  expect(guestAt(before.placement?.vmid ?? 0)?.config).toMatchObject({
    cores: '2',
    scsi0: expect.stringContaining('size=25G') as string,
  })
  expect(await strangers()).toEqual([])
  await expectNothingLeaked(app, tenantId)
})

it.each([
  ['before the new guest is whole', 'qmclone'],
  ['once the two were exchanged', 'qmstart'],
])('a rebuild that fails %s leaves the pod with the guest that it had, running', async (_when, type) => {
  const before = await pod('vm')
  app.sim.control.failTask({ type, text: 'no space left on device' })
  expect(await ended(await ask(before))).toMatchObject({ state: 'failed', error: { code: 'task_failed' } })
  expect(await showPod(app, before.id)).toMatchObject({
    state: 'active',
    action: null,
    problem: expect.stringContaining('no space left') as string,
    keptGuest: null,
    placement: { vmid: before.placement?.vmid },
  })
  expect(await pairOf(app, before.id)).toMatchObject([OWN])
  expect(guestAt(before.placement?.vmid ?? 0)?.config.tags).toBe('mpanel')
  await expectNothingLeaked(app, tenantId)
})

it('a guest of the high availability is left alone, and the job says why', async () => {
  const before = await pod('vm')
  const vmid = before.placement?.vmid ?? 0
  app.sim.control.setHa(vmid, 'started')
  expect(await ended(await ask(before))).toMatchObject({ state: 'failed', error: { code: 'ha_managed' } })
  app.sim.control.setHa(vmid, null)
  expect(guestsOf(app, before.id).map((guest) => guest.vmid)).toEqual([vmid])
})

it('what would lose something without a word is refused with the reason: protection, snapshots, another name, no room', async () => {
  const before = await pod('ct')
  const path = `${PODS}/${before.id}`
  const refused = async (code: string, text: string) =>
    expect((await ask(before)).body).toMatchObject({ code, detail: expect.stringContaining(text) as string })
  const set = (change: object) => app.admin.call('PATCH', path, change)
  await set({ protected: true })
  await refused('invalid_state', 'protected')
  await set({ protected: false })
  await rowsOf(
    app,
    sql`insert into cloud_pod_snapshots (id, tenant_id, pod_id, name, description, state, created_by, created_at, taken_at)
      values (${newId()}, ${tenantId}, ${before.id}, 'first', '', 'ready', '{}', now(), now())`,
  )
  await refused('invalid_state', 'snapshots')
  await rowsOf(
    app,
    sql`update cloud_pod_snapshots set state = 'deleted', deleted_at = now() where pod_id = ${before.id}`,
  )
  const other = await app.admin.post<Problem>(`${path}/rebuild`, { hostname: 'another' })
  expect(other.body).toMatchObject({ code: 'invalid_input', errors: [{ path: 'hostname' }] })
  const { blueprint: machine } = await catalogue(app.admin, 'vm')
  expect((await ask(before, machine.id)).status).toBe(404)
  await rowsOf(app, sql`update nodes set state = 'drained'`)
  await refused('no_node_fits', 'drained')
  const { body } = await app.admin.get<CloudPodRebuildPreview>(`${path}/rebuild`)
  expect(body).toMatchObject({ refusal: null, keepHours: 24 })
  expect(body.blueprints[0]).toEqual({ ...before.blueprint, current: true, reason: null })
  expect(guestsOf(app, before.id)).toHaveLength(1)
})

it('a backup of the former guest is restored over the new one, and destroying the pod destroys both', async () => {
  const before = await pod('vm')
  const taken = await app.admin.post<{ backup: CloudPodBackup; job: Job }>(`${PODS}/${before.id}/backups`)
  expect(await finished(app.admin, taken.body.job.id)).toMatchObject({ state: 'succeeded' })
  await ended(await ask(before))
  const restore = `${PODS}/${before.id}/backups/${taken.body.backup.id}/restore`
  const restored = await app.admin.post<Answer>(restore, { hostname: before.hostname })
  expect(await ended(restored)).toMatchObject({ state: 'succeeded' })
  await ended(await app.admin.call<Answer>('DELETE', `${PODS}/${before.id}`))
  expect(guestsOf(app, before.id)).toEqual([])
  expect(await heldBy(app, before.id)).toEqual({ vmids: [], addresses: [], capacity: 0 })
  await expectNothingLeaked(app, tenantId)
})

it('kept guests are destroyed when their time is over, and unusually many wait for a person', async () => {
  const before = await pod('ct')
  await ended(await ask(before))
  const due = (await rowsOf(app, sql`select from cloud_pod_rebuilds where state = 'kept'`)).length
  await cloudPodRebuildService.letGoDue(app.root)
  expect(guestsOf(app, before.id)).toHaveLength(2)
  await app.admin.call('PATCH', '/api/admin/tenants/settings', { 'automation.brakeMinimum': 0 })
  await rowsOf(app, sql`update cloud_pod_rebuilds set kept_until = now() where state = 'kept'`)
  await cloudPodRebuildService.letGoDue(app.root)
  expect(await showPod(app, before.id)).toMatchObject({ keptGuest: { state: 'kept' } })
  const { body } = await app.admin.get<{ items: Brake[] }>('/api/admin/provisioning/brakes')
  const brake = body.items.find(({ action }) => action === 'rebuilds.letGo')
  expect(brake).toMatchObject({ state: 'waiting', wanted: due })
  const confirmed = { decision: 'confirmed', wanted: due, reason: 'they are not needed' }
  await app.admin.post(`/api/admin/provisioning/brakes/${brake?.id}`, confirmed)
  await cloudPodRebuildService.letGoDue(app.root)
  const [job] = await rowsOf(
    app,
    sql<{
      id: string
    }>`select id from provisioning_jobs where subject_id = ${before.id} and kind = 'cloudPod.letGo'`,
  )
  expect(await finished(app.admin, job?.id ?? '')).toMatchObject({ state: 'succeeded' })
  expect(guestsOf(app, before.id).map(({ vmid }) => vmid)).toEqual([(await podRow(app, before.id)).vmid])
  await app.admin.call('PATCH', '/api/admin/tenants/settings', { 'automation.brakeMinimum': null })
})
