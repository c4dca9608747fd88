import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPod, CloudPodDetail } from '../../shared/api/cloudPods.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { prepareOrder, pay, type Ordered } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { podIn } from '../rules/pods.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app.close())

type Problem = { code: string; detail: string }
const PODS = '/api/admin/hosting/cloudpods'
const change = (id: string, body: object, version?: number) =>
  app.admin.call<CloudPod & Problem>(
    'PATCH',
    `${PODS}/${id}`,
    body,
    version === undefined ? {} : { 'if-match': `"v${version}"` },
  )
const destroy = (id: string) => app.admin.call<Problem>('DELETE', `${PODS}/${id}`)

it('notes and tags are kept as they are written, tags once each, and a stale change is refused', async () => {
  const { cloudPod } = await podIn(app, await app.tenant())
  const written = { notes: 'Shop of Ada.\nBack up first.', tags: ['web', 'Shop', 'web'] }
  const changed = await change(cloudPod.id, written)
  expect(changed).toMatchObject({ status: 200, body: { notes: written.notes, tags: ['shop', 'web'] } })
  expect(await change(cloudPod.id, { notes: 'other' }, cloudPod.version)).toMatchObject({ status: 412 })
  expect(await change(cloudPod.id, { tags: [] }, changed.body.version)).toMatchObject({
    body: { notes: written.notes, tags: [] },
  })
  expect(await change(cloudPod.id, { notes: 'x'.repeat(5_001) })).toMatchObject({ status: 422 })
})

it('a protected pod is neither destroyed nor its subscription ended at once, until the protection is taken off', async () => {
  const tenantId = await app.tenant()
  const { cloudPod } = await podIn(app, tenantId)
  await app.as((ctx) => cloudPodService.markActive(ctx, tenantId, cloudPod.id, {}))
  await change(cloudPod.id, { protected: true })
  const refused = await destroy(cloudPod.id)
  expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  expect(refused.body.detail).toContain('protected')
  await change(cloudPod.id, { protected: false })
  expect((await destroy(cloudPod.id)).status).toBe(202)
  expect(await change(cloudPod.id, { protected: true })).toMatchObject({ status: 409 })

  const order = await prepareOrder(app.admin, tenantId)
  const { body } = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  await pay(app.admin, body.invoice)
  const cancel = () =>
    app.admin.post<Problem>(`/api/admin/billing/subscriptions/${body.subscription.id}/cancel`, {
      when: 'now',
    })
  const ofOrder = body.subscription.pod?.id ?? ''
  await change(ofOrder, { protected: true })
  expect((await cancel()).body.detail).toContain('protected')
  await change(ofOrder, { protected: false })
  expect((await cancel()).status).toBe(202)
})

it('a pod says why it was placed where it is, and those of a tenant that spreads them go to different nodes', async () => {
  const placementOf = async (tenantId: string) => {
    const { cloudPod } = await podIn(app, tenantId)
    const { placement } = (await app.admin.get<CloudPodDetail>(`${PODS}/${cloudPod.id}`)).body
    return placement as NonNullable<CloudPodDetail['placement']>
  }
  const tenantId = await app.tenant()
  await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'cloudPods.spread': 'on' })
  await app.as(({ tx }) => sql`update nodes set state = 'drained' where name = 'pve3'`.execute(tx))
  const [first, second] = [await placementOf(tenantId), await placementOf(tenantId)]
  expect(second.nodeId).not.toBe(first.nodeId)
  const judged = new Map((second.judged ?? []).map((one) => [one.node, one]))
  expect(judged.get('pve3')).toMatchObject({ reason: 'drained' })
  expect(judged.get(first.nodeName)).toMatchObject({ reason: null, ownPods: 1 })
  expect(judged.get(second.nodeName)).toMatchObject({ reason: null, ownPods: 0 })
})
