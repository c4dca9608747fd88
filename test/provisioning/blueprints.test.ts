import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from '../../shared/api/common.ts'
import type { Blueprint, Node } from '../../shared/api/provisioning.ts'
import { podIn } from '../rules/pods.ts'
import { startApp, type TestApp } from '../support/app.ts'

const PATH = '/api/admin/provisioning/blueprints'
type Problem = { code: string; detail: string; errors?: { path: string }[] }

let app: TestApp
let nodes: Node[]
beforeAll(async () => {
  app = await startApp({ worker: false })
  nodes = (await app.admin.get<Page<Node>>('/api/admin/provisioning/nodes')).body.items
})
afterAll(() => app.close())

const nodeId = (at: number): string => nodes[at]?.id ?? ''
const add = async (code: string) =>
  (
    await app.admin.post<Blueprint>(PATH, {
      ...{ code, name: code, kind: 'vm' },
      images: [{ nodeId: nodeId(0), ref: '9000' }],
    })
  ).body
const change = (id: string, body: object, version?: number) =>
  app.admin.call<Blueprint & Problem>(
    'PATCH',
    `${PATH}/${id}`,
    body,
    version === undefined ? {} : { 'if-match': `"v${version}"` },
  )

it('what is named of a blueprint changes, its images as a whole, and the rest stays', async () => {
  const made = await add('first')
  const images = [
    { nodeId: nodeId(0), ref: '9001' },
    { nodeId: nodeId(1), sourceNodeId: nodeId(0), ref: '9001' },
  ]
  const changed = await change(made.id, { name: 'Second', images }, made.version)
  expect(changed).toMatchObject({
    status: 200,
    body: { code: 'first', name: 'Second', maxCores: made.maxCores, version: made.version + 1 },
  })
  expect(changed.body.images).toHaveLength(2)
  expect((await app.admin.get<Blueprint>(`${PATH}/${made.id}`)).body).toEqual(changed.body)
  const { body: audit } = await app.admin.get<Page<{ action: string; diff: object }>>(
    `/api/admin/audit/events?targetType=blueprint&targetId=${made.id}`,
  )
  expect(audit.items[0]).toMatchObject({
    action: 'BLUEPRINT_UPDATED',
    diff: { name: ['first', 'Second'] },
  })
})

it('a stale change, a node that is not known and one that is named twice are refused, and nothing is changed', async () => {
  const made = await add('kept')
  expect(await change(made.id, { name: 'x' }, made.version + 1)).toMatchObject({ status: 412 })
  const image = { nodeId: nodeId(0), ref: '9000' }
  expect(await change(made.id, { name: 'x', images: [image, image] })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'images' }] },
  })
  expect(await change(made.id, { name: 'x', images: [{ ...image, nodeId: made.id }] })).toMatchObject({
    status: 404,
  })
  expect((await app.admin.get<Blueprint>(`${PATH}/${made.id}`)).body).toEqual(made)
})

it('nothing is made of a retired blueprint, one that was used stays, one that was not can be removed', async () => {
  const tenant = await app.tenant()
  const { blueprint, plan } = (await podIn(app, tenant)).cloudPod
  expect(await app.admin.call<Problem>('DELETE', `${PATH}/${blueprint.id}`)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('retire it') },
  })
  await change(blueprint.id, { state: 'retired' })
  const order = { tenantId: tenant, planId: plan.id, blueprintId: blueprint.id, hostname: 'late' }
  expect(await app.admin.post<Problem>('/api/admin/hosting/cloudpods', order)).toMatchObject({ status: 404 })
  const unused = await add('unused')
  expect(await app.admin.call('DELETE', `${PATH}/${unused.id}`)).toMatchObject({ status: 204 })
  expect(await app.admin.get(`${PATH}/${unused.id}`)).toMatchObject({ status: 404 })
})
