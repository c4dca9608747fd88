import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Plan } from '../../shared/api/billing.ts'
import { newId } from '../../src/lib/ids.ts'
import { catalogue, prepareOrder, type Order, type Ordered } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, rowsOf } from '../support/harnessWorld.ts'
import { delivered, PODS, SUBSCRIPTIONS } from './faults.ts'

type Problem = { code: string; detail: string; status: number }

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const send = (order: Order, key?: string) =>
  app.admin.post<Ordered & Problem>(SUBSCRIPTIONS, order, key === undefined ? {} : { 'idempotency-key': key })

/** Refused with a reason that says what to do, and without a trace. */
async function expectRefused(
  order: Order,
  tenantId: string,
  expected: { status: number; code: string; detail: RegExp },
): Promise<void> {
  const before = await traces(tenantId)
  const { status, body } = await send(order)
  expect({ status, code: body.code }).toEqual({ status: expected.status, code: expected.code })
  expect(body.detail).toMatch(expected.detail)
  expect(await traces(tenantId)).toEqual(before)
  await expectNothingLeaked(app, tenantId)
}

const traces = (tenantId: string) =>
  rowsOf(
    app,
    sql`select (select count(*) from subscriptions where tenant_id = ${tenantId}) as subscriptions,
      (select count(*) from cloud_pods where tenant_id = ${tenantId}) as pods,
      (select count(*) from invoices where tenant_id = ${tenantId}) as invoices,
      (select max(next_no) from invoice_series where tenant_id = ${tenantId}) as number,
      (select count(*) from ip_addresses where tenant_id = ${tenantId}) as addresses,
      (select count(*) from provisioning_jobs where tenant_id = ${tenantId}) as jobs`,
  )

async function planOf(size: { cores: number; memoryMb: number; diskGb: number }): Promise<Plan> {
  const answer = await app.admin.post<Plan>('/api/admin/billing/plans', {
    ...size,
    code: `p-${newId().slice(-12)}`,
    name: 'Odd',
    prices: [{ currency: 'EUR', interval: 'month', unitMinor: '100' }],
  })
  expect(answer.status).toBe(201)
  return answer.body
}

const orderOf = async (tenantId: string, plan: Plan): Promise<Order> => ({
  ...(await prepareOrder(app.admin, tenantId)),
  planId: plan.id,
  priceId: plan.prices[0]?.id ?? '',
})

describe('orders in parallel', () => {
  it('the same order sent ten times with one idempotency key is one subscription with one pod, answered alike', async () => {
    const tenantId = await app.tenant()
    const order = await prepareOrder(app.admin, tenantId)
    const key = newId()
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(order, key)))
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(201))
    expect(new Set(answers.map((answer) => answer.body.subscription.id)).size).toBe(1)
    const [count] = await rowsOf(
      app,
      sql`select count(*)::int as pods from cloud_pods where tenant_id = ${tenantId}`,
    )
    expect(count).toEqual({ pods: 1 })
    await expectNothingLeaked(app, tenantId)
  })

  it('ten orders against a quota of two are exactly two pods; the others are told the limit', async () => {
    const tenantId = await app.tenant({ maxPods: 2 })
    const order = await prepareOrder(app.admin, tenantId)
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => send({ ...order, hostname: `web-${n}` }, newId())),
    )
    const refused = answers.filter((answer) => answer.status === 409)
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(2)
    expect(refused).toHaveLength(8)
    for (const { body } of refused) {
      expect(body.code).toBe('quota_exceeded')
      expect(body.detail).toContain('pods 2 + 1 > 2')
    }
    const [count] = await rowsOf(
      app,
      sql`select count(*)::int as pods from cloud_pods where tenant_id = ${tenantId}`,
    )
    expect(count).toEqual({ pods: 2 })
    await expectNothingLeaked(app, tenantId)
  })

  it('parallel orders never share a VMID or an address', async () => {
    const tenantId = await app.tenant()
    const order = await prepareOrder(app.admin, tenantId)
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => send({ ...order, hostname: `par-${n}` })),
    )
    expect(answers.map((answer) => answer.status)).toEqual(Array(12).fill(201))
    const [held] = await rowsOf(
      app,
      sql`select count(distinct p.vmid)::int as vmids, count(distinct a.address)::int as addresses
        from cloud_pods p join ip_addresses a on a.pod_id = p.id where p.tenant_id = ${tenantId}`,
    )
    expect(held).toEqual({ vmids: 12, addresses: 12 })
  })

  it('a host name is given once to ten parallel orders', async () => {
    const tenantId = await app.tenant()
    const order = await prepareOrder(app.admin, tenantId)
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(order)))
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1)
    expect(answers.filter((answer) => answer.body.code === 'hostname_taken')).toHaveLength(9)
    await expectNothingLeaked(app, tenantId)
  })

  it('ten parallel wishes to destroy a pod are one job, and one destruction', async () => {
    const tenantId = await app.tenant()
    const { plan, blueprint } = await catalogue(app.admin)
    const made = await app.admin.post<{ cloudPod: { id: string }; job: { id: string } }>(PODS, {
      tenantId,
      planId: plan.id,
      blueprintId: blueprint.id,
      hostname: `gone-${newId().slice(-8)}`,
      sshKeys: null,
    })
    await finished(app.admin, made.body.job.id)
    const destroys = app.sim.control.tasks().filter((task) => task.type === 'qmdestroy').length
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        app.admin.call<{ job: { id: string } }>('DELETE', `${PODS}/${made.body.cloudPod.id}`),
      ),
    )
    const accepted = answers.filter((answer) => answer.status === 202)
    expect(accepted).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(9)
    expect((await finished(app.admin, accepted[0]?.body.job.id ?? '')).state).toBe('succeeded')
    expect(app.sim.control.tasks().filter((task) => task.type === 'qmdestroy')).toHaveLength(destroys + 1)
    await expectNothingLeaked(app, tenantId)
  })
})

describe('orders that cannot be fulfilled', () => {
  it('a quota that is used up is named with its use and its limit', async () => {
    const tenantId = await app.tenant({ maxPods: 0 })
    await expectRefused(await prepareOrder(app.admin, tenantId), tenantId, {
      status: 409,
      code: 'quota_exceeded',
      detail: /pods 0 \+ 1 > 0/,
    })
  })

  it('a host name the tenant already has is refused', async () => {
    const { tenantId, order } = await delivered(app)
    await expectRefused(order, tenantId, {
      status: 409,
      code: 'hostname_taken',
      detail: new RegExp(order.hostname),
    })
  })

  it('an order that no node can take says of each node why', async () => {
    const tenantId = await app.tenant()
    const plan = await planOf({ cores: 2, memoryMb: 600_000, diskGb: 20 })
    await expectRefused(await orderOf(tenantId, plan), tenantId, {
      status: 409,
      code: 'no_node_fits',
      detail: /pve1: memory \d+ \+ 600000 > \d+ MiB; pve2: memory .*; pve3: memory /,
    })
  })

  it('a plan that is larger than the template allows is refused with the limits', async () => {
    const tenantId = await app.tenant()
    const plan = await planOf({ cores: 200, memoryMb: 1024, diskGb: 2 })
    await expectRefused(await orderOf(tenantId, plan), tenantId, {
      status: 422,
      code: 'plan_not_allowed',
      detail: /cores 200, allowed 1 to 128; disk GiB 2, allowed 4 to /,
    })
  })

  it('an unknown plan and a price of another plan are refused', async () => {
    const tenantId = await app.tenant()
    const order = await prepareOrder(app.admin, tenantId)
    const unknown = { status: 404, code: 'not_found', detail: /plan/ }
    await expectRefused({ ...order, planId: newId() }, tenantId, unknown)
    const other = await planOf({ cores: 1, memoryMb: 1024, diskGb: 20 })
    await expectRefused({ ...order, planId: other.id }, tenantId, { ...unknown, detail: /price/ })
  })

  it('an address pool that is used up is named, and a freed address is sold again', async () => {
    const tenantId = await app.tenant()
    const order = await prepareOrder(app.admin, tenantId)
    await rowsOf(app, sql`update ip_pools set range_end = range_start + 40`)
    let last: Ordered | undefined
    for (let n = 0; n < 60; n += 1) {
      const answer = await send({ ...order, hostname: `full-${n}` })
      if (answer.status !== 201) break
      last = answer.body
    }
    await expectRefused({ ...order, hostname: 'one-more' }, tenantId, {
      status: 409,
      code: 'ip_pool_exhausted',
      detail: /Every address pool of cluster simulated is used up/,
    })
    const cancelled = await app.admin.post(`${SUBSCRIPTIONS}/${last?.subscription.id}/cancel`, {
      when: 'now',
    })
    expect(cancelled.status).toBe(202)
    expect((await send({ ...order, hostname: 'one-more' })).status).toBe(201)
    await expectNothingLeaked(app, tenantId)
  })
})
