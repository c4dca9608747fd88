import type { Customer } from '../../shared/api/customers.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'

const sink = (tenantId: string | null) => ({
  tenantId,
  kind: 'webhook',
  name: `sink ${newId()}`,
  address: 'https://receiver.example.com/audit',
})

/** A sink; a tenant may have few, so that older ones make room. */
export async function sinkIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  await room(app, tenantId)
  const { status, body } = await app.admin.post<{ id: string }>('/api/admin/audit/sinks', sink(tenantId))
  if (status !== 201) throw new Error(`the sink was not made: ${JSON.stringify(body)}`)
  return body
}

async function room(app: TestApp, tenantId: string): Promise<void> {
  const path = `/api/admin/audit/sinks?tenantId=${tenantId}`
  const { body } = await app.admin.get<{ items: { id: string }[] }>(path)
  for (const { id } of body.items.slice(2)) await app.admin.call('DELETE', `/api/admin/audit/sinks/${id}`)
}

const webhook = (tenantId: string) => ({
  tenantId,
  url: 'https://receiver.example.com/mpanel',
  eventTypes: ['CUSTOMER_CREATED'],
})

/** A webhook; a tenant may have few, so that older ones make room. */
export async function webhookIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  await roomForWebhook(app, tenantId)
  const { status, body } = await app.admin.post<{ id: string }>(WEBHOOKS, webhook(tenantId))
  if (status !== 201) throw new Error(`the webhook was not made: ${JSON.stringify(body)}`)
  return body
}

const WEBHOOKS = '/api/admin/audit/webhooks'

async function roomForWebhook(app: TestApp, tenantId: string): Promise<void> {
  const { body } = await app.admin.get<{ items: { id: string }[] }>(`${WEBHOOKS}?tenantId=${tenantId}`)
  for (const { id } of body.items.slice(5)) await app.admin.call('DELETE', `${WEBHOOKS}/${id}`)
}

/** A delivery that waits to be sent. */
export async function webhookDeliveryIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id } = await webhookIn(app, tenantId)
  return (await app.admin.post<{ id: string }>(`${WEBHOOKS}/${id}/test`, {})).body
}

async function customerIn(app: TestApp, tenantId: string): Promise<string> {
  const customer = { tenantId, name: 'Ada', email: 'ada@example.com' }
  return (await app.admin.post<Customer>('/api/admin/customers', customer)).body.id
}

export async function holdIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const hold = { tenantId, reason: 'Asked for by a court.' }
  return (await app.admin.post<{ id: string }>('/api/admin/audit/holds', hold)).body
}

export const AUDIT_CASES: Record<string, Case> = {
  listAuditEvents: async () => ({}),
  getAuditCheckpoints: async () => ({}),
  exportAuditEvents: async () => ({}),
  getAuditTimeline: async (app, tenantId) => ({
    query: `?targetType=customer&targetId=${await customerIn(app, tenantId)}`,
  }),
  // One is always there, so that the list shows something of each tenant.
  listAuditSinks: async (app, tenantId) => {
    await sinkIn(app, tenantId)
    return {}
  },
  createAuditSink: async (app, tenantId) => {
    await room(app, tenantId)
    return { body: sink(tenantId) }
  },
  updateAuditSink: async (app, tenantId) => ({
    id: (await sinkIn(app, tenantId)).id,
    body: { state: 'paused' },
  }),
  deleteAuditSink: async (app, tenantId) => ({ id: (await sinkIn(app, tenantId)).id }),
  listAuditWebhooks: async (app, tenantId) => {
    await webhookIn(app, tenantId)
    return {}
  },
  createAuditWebhook: async (app, tenantId) => {
    await roomForWebhook(app, tenantId)
    return { body: webhook(tenantId) }
  },
  getAuditWebhook: async (app, tenantId) => ({ id: (await webhookIn(app, tenantId)).id }),
  updateAuditWebhook: async (app, tenantId) => ({
    id: (await webhookIn(app, tenantId)).id,
    body: { description: 'changed' },
  }),
  deleteAuditWebhook: async (app, tenantId) => ({ id: (await webhookIn(app, tenantId)).id }),
  rotateAuditWebhookSecret: async (app, tenantId) => ({
    id: (await webhookIn(app, tenantId)).id,
    body: { overlapHours: 1 },
  }),
  testAuditWebhook: async (app, tenantId) => ({ id: (await webhookIn(app, tenantId)).id, body: {} }),
  replayAuditWebhook: async (app, tenantId) => ({
    id: (await webhookIn(app, tenantId)).id,
    body: { since: '2026-01-01T00:00:00Z' },
  }),
  listAuditWebhookDeliveries: async (app, tenantId) => {
    await webhookDeliveryIn(app, tenantId)
    return {}
  },
  replayAuditWebhookDelivery: async (app, tenantId) => ({
    id: (await webhookDeliveryIn(app, tenantId)).id,
    body: {},
  }),
  getAuditRetention: async () => ({}),
  placeAuditHold: async (_, tenantId) => ({ body: { tenantId, reason: 'Asked for by a court.' } }),
  releaseAuditHold: async (app, tenantId) => ({ id: (await holdIn(app, tenantId)).id, body: {} }),
  testAuditSink: async (app, tenantId) => ({ id: (await sinkIn(app, tenantId)).id, body: {} }),
}
