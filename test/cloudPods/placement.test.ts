import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Plan } from '../../shared/api/billing.ts'
import type { CloudPodDetail, Regions } from '../../shared/api/cloudPods.ts'
import type { CloudPodMigrationTargets } from '../../shared/api/cloudPodMigrations.ts'
import type { Page } from '../../shared/api/common.ts'
import type { Blueprint, Cluster, Node } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import { clusterSync, enqueue } from '../../src/services/provisioningQueues.ts'
import { catalogue } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'

type Problem = { code: string; detail: string; details?: { nodes: { node: string; reason: string }[] } }

let app: TestApp
let tenantId: string
let nodes: Node[]
let blueprintId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
  nodes = (await app.admin.get<Page<Node>>('/api/admin/provisioning/nodes')).body.items
  blueprintId = (await catalogue(app.admin)).blueprint.id
})
afterAll(() => app.close())

const planWith = async (nodeTags: string[], memoryMb = 1_024): Promise<Plan> => {
  const code = `plan-${newId().slice(-10)}`
  const size = { cores: 1, memoryMb, diskGb: 20 }
  const prices = [{ currency: 'EUR', interval: 'month', unitMinor: '100' }]
  const made = await app.admin.post<Plan>('/api/admin/billing/plans', {
    code,
    name: code,
    nodeTags,
    prices,
    ...size,
  })
  expect(made.status).toBe(201)
  return made.body
}
const order = async (plan: Plan, more: object = {}) => {
  const hostname = `web-${newId().slice(-10)}`
  const body = { tenantId, planId: plan.id, blueprintId, hostname, ...more }
  return app.admin.post<{ cloudPod: CloudPodDetail } & Problem>('/api/admin/hosting/cloudpods', body)
}
const configure = async (node: Node | undefined, change: object) => {
  const body = { clusterId: node?.clusterId, name: node?.name, ...change }
  const answer = await app.admin.post<Node>('/api/admin/provisioning/nodes', body)
  expect(answer.status).toBe(200)
  return answer.body
}
const nodeOf = async ({ id }: CloudPodDetail): Promise<string | undefined> =>
  (await app.admin.get<CloudPodDetail>(`/api/admin/hosting/cloudpods/${id}`)).body.placement?.nodeName

it('a plan that asks for tags is placed, and moves, only where a node has them all', async () => {
  const plan = await planWith(['ssd', 'epyc'])
  await configure(nodes[0], { tags: ['ssd'] })
  const refused = await order(plan)
  expect(refused).toMatchObject({ status: 409, body: { code: 'no_node_fits' } })
  expect(refused.body.detail).toContain(`${nodes[0]?.name}: not tagged epyc`)
  const tagged = await configure(nodes[1], { tags: ['ssd', 'epyc', 'ssd'] })
  expect(tagged.tags).toEqual(['epyc', 'ssd'])
  const { body } = await order(plan)
  expect(await nodeOf(body.cloudPod)).toBe(nodes[1]?.name)
  const path = `/api/admin/hosting/cloudpods/${body.cloudPod.id}/migrate`
  const { body: targets } = await app.admin.get<CloudPodMigrationTargets>(path)
  expect(targets.nodes.find(({ name }) => name === nodes[0]?.name)?.reason).toBe('not tagged epyc')
})

it('a blueprint that needs a processor is placed, and moves, only where a node is known to have one', async () => {
  const [old, modern] = nodes
  expect(modern).toMatchObject({ cpuModel: 'Simulated CPU', cpuLevel: 'x86-64-v3' })
  app.sim.control.setCpuFlags(old?.name ?? '', 'fpu cx8 cmov mmx fxsr sse sse2 lm')
  const { id: jobId } = await app.as((ctx) =>
    enqueue(ctx, {
      queue: 'system',
      kind: clusterSync.kind,
      tenantId: null,
      subject: { type: 'cluster', id: app.clusterId, label: 'simulated' },
      payload: { clusterId: app.clusterId },
    }),
  )
  const worker = await app.startWorker()
  expect((await finished(app.admin, jobId)).state).toBe('succeeded')
  await worker.stop()
  const after = (await app.admin.get<Page<Node>>('/api/admin/provisioning/nodes')).body.items
  expect(after.find(({ id }) => id === old?.id)?.cpuLevel).toBe('x86-64-v1')

  const plan = await planWith([])
  const path = `/api/admin/provisioning/blueprints/${blueprintId}`
  const needs = (minCpuLevel: string | null) => app.admin.call<Blueprint>('PATCH', path, { minCpuLevel })
  expect(await needs('x86-64-v4')).toMatchObject({ status: 200, body: { minCpuLevel: 'x86-64-v4' } })
  const refused = await order(plan)
  expect(refused).toMatchObject({ status: 409, body: { code: 'no_node_fits' } })
  expect(refused.body.detail).toContain(`${old?.name}: processor x86-64-v1 < x86-64-v4`)
  await needs('x86-64-v3')
  const { body } = await order(plan)
  expect(await nodeOf(body.cloudPod)).not.toBe(old?.name)
  const { body: targets } = await app.admin.get<CloudPodMigrationTargets>(
    `/api/admin/hosting/cloudpods/${body.cloudPod.id}/migrate`,
  )
  expect(targets.nodes.find(({ name }) => name === old?.name)?.reason).toBe('processor x86-64-v1 < x86-64-v3')
  await needs(null)
})

it('an order that names a region is placed there or refused, and whoever orders sees the regions and no node', async () => {
  const plan = await planWith([])
  expect(await order(plan, { region: 'fra1' })).toMatchObject({
    status: 422,
    body: { code: 'invalid_input', errors: [{ path: 'region' }] },
  })
  const cluster = `/api/admin/provisioning/clusters/${app.clusterId}`
  expect(await app.admin.call<Cluster>('PATCH', cluster, { region: 'fra1' })).toMatchObject({
    status: 200,
    body: { region: 'fra1' },
  })
  const { body } = await order(plan, { region: 'fra1' })
  expect(body.cloudPod.region).toBe('fra1')
  const { api } = await keyOf(app, 'admin@example.com', { tenantId })
  expect((await api.get<Regions>('/api/admin/hosting/regions')).body).toEqual({ items: [{ name: 'fra1' }] })
})

it('what is left free of a node’s memory is given to nobody', async () => {
  const free = nodes.map(({ memoryMb, memoryOvercommit }) => memoryMb * memoryOvercommit)
  const large = await planWith([], Math.floor(Math.max(...free) * 0.8))
  for (const node of nodes) await configure(node, { headroomPercent: 50 })
  const refused = await order(large)
  expect(refused).toMatchObject({ status: 409, body: { code: 'no_node_fits' } })
  expect(refused.body.detail).toMatch(/memory \d+ \+ \d+ > \d+ MiB/)
  for (const node of nodes) await configure(node, { headroomPercent: 0 })
  expect((await order(large)).status).toBe(202)
})
