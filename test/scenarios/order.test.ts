import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Subscription } from '../../shared/api/billing.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const subscriptionOf = async (id: string): Promise<Subscription> =>
  (await app.admin.get<Subscription>(`/api/admin/billing/subscriptions/${id}`)).body

it.each(['vm', 'ct'] as const)(
  'an order of a %s becomes a paid subscription and a running pod, and leaves nothing when it is cancelled',
  async (kind) => {
    const tenantId = await app.tenant()
    const order = await prepareOrder(app.admin, tenantId, { kind })
    const ordered = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)
    expect(ordered.status).toBe(201)
    expect(ordered.body.subscription.state).toBe('awaiting_payment')

    const paid = await pay(app.admin, ordered.body.invoice)
    expect(paid.status).toBe(201)
    expect(paid.body.subscription.state).toBe('provisioning')
    const { id } = ordered.body.subscription
    const active = await until(async () => {
      const now = await subscriptionOf(id)
      return now.state === 'active' && now
    }, 'the subscription to become active')
    const podId = active.pod?.id ?? ''
    const pod = (await app.admin.get<CloudPodDetail>(`/api/admin/hosting/cloudpods/${podId}`)).body
    expect(pod).toMatchObject({ state: 'active', powerState: 'running', hostname: order.hostname })
    const vmid = pod.placement?.vmid ?? 0
    expect(app.sim.control.guests().find((guest) => guest.vmid === vmid)).toMatchObject({ power: 'running' })

    const cancelled = await app.admin.post<{ job: Job }>(`/api/admin/billing/subscriptions/${id}/cancel`, {
      when: 'now',
    })
    expect(cancelled.status).toBe(202)
    expect((await finished(app.admin, cancelled.body.job.id)).state).toBe('succeeded')
    expect((await subscriptionOf(id)).state).toBe('terminated')
    expect(app.sim.control.guests().some((guest) => guest.vmid === vmid)).toBe(false)
  },
)
