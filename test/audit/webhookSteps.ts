import { expect } from 'vitest'
import type { AuditWebhook, AuditWebhookDelivery, AuditWebhookMade } from '../../shared/api/auditWebhooks.ts'
import type { Page } from '../../shared/api/common.ts'
import { newId } from '../../src/lib/ids.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import * as auditService from '../../src/services/auditService.ts'
import { deliverWebhooks } from '../../src/services/auditWebhookService.ts'
import type { Api } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import type { Received, Receiver } from './receiver.ts'

export const WEBHOOKS = '/api/admin/audit/webhooks'
export const DELIVERIES = '/api/admin/audit/webhook-deliveries'

/** What tests of webhooks do again and again, with one application and one receiver. */
export function webhookSteps(app: () => TestApp, receiver: () => Receiver, operator: () => Api) {
  /** A webhook at a path of its own. */
  const create = async (
    more: object = {},
    api: Api = operator(),
  ): Promise<AuditWebhookMade & { path: string }> => {
    const path = `/${newId()}`
    const body = { tenantId: null, url: receiver().url + path, ...more }
    const made = await api.post<AuditWebhookMade>(WEBHOOKS, body)
    expect(made.status).toBe(201)
    return { ...made.body, path }
  }
  /** Something happens. @returns the id of its event */
  const happen = async (
    tenantId: string | null,
    { action = 'CUSTOMER_CREATED', jobId }: { action?: string; jobId?: string } = {},
  ): Promise<string> => {
    const id = newId()
    await app().as((ctx) =>
      auditService.record(
        { ...ctx, ...(jobId !== undefined && { jobId }) },
        { id, action, tenantId, target: { type: 'thing', id: 'x' }, details: { raw: 'pve1 said so' } },
      ),
    )
    return id
  }
  const settled = async (): Promise<void> => {
    await sealAll(app().root)
    await deliverWebhooks(app().root)
  }
  const at = (path: string): Received[] => receiver().received.filter((one) => one.path === path)
  /** The ids of the events that came, without those of the webhook itself. */
  const cameTo = (path: string): string[] =>
    at(path)
      .filter(({ event }) => event.type === 'CUSTOMER_CREATED')
      .map(({ event }) => event.id)
  const read = async (id: string): Promise<AuditWebhook> =>
    (await operator().get<AuditWebhook>(`${WEBHOOKS}/${id}`)).body
  const deliveriesOf = async (id: string, more = ''): Promise<AuditWebhookDelivery[]> =>
    (await operator().get<Page<AuditWebhookDelivery>>(`${DELIVERIES}?webhookId=${id}&sort=createdAt${more}`))
      .body.items
  const change = (id: string, body: object) => operator().call('PATCH', `${WEBHOOKS}/${id}`, body)
  return { create, happen, settled, at, cameTo, read, deliveriesOf, change }
}
