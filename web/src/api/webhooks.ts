import type { z } from 'zod'
import type {
  AuditWebhook,
  AuditWebhookCreate,
  AuditWebhookDelivery,
  AuditWebhookMade,
  AuditWebhookUpdate,
  auditWebhookReplay,
} from '../../../shared/api/auditWebhooks.ts'
import { patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { AuditWebhook, AuditWebhookDelivery, AuditWebhookMade }

const PATH = '/api/admin/audit/webhooks'
const DELIVERIES = '/api/admin/audit/webhook-deliveries'
/** Deliveries are no jobs, so no live event tells of them. */
const LOOK_MS = 5_000

export const webhooksQuery = (filter: ListFilter) =>
  listQuery<AuditWebhook, ListFilter>('webhooks', PATH, filter)
export const webhookQuery = (id: string) => ({
  ...detailQuery<AuditWebhook>('webhooks', PATH, id),
  refetchInterval: LOOK_MS,
})
export const createWebhook = (body: AuditWebhookCreate, key: string) =>
  post<AuditWebhookMade>(PATH, body, key)
export const updateWebhook = ({ id, version }: AuditWebhook, body: AuditWebhookUpdate) =>
  patch<AuditWebhook>(`${PATH}/${id}`, body, version)
export const deleteWebhook = (id: string) => remove<null>(`${PATH}/${id}`)
export const rotateWebhook = (id: string, overlapHours: number, key: string) =>
  post<AuditWebhookMade>(`${PATH}/${id}/secret`, { overlapHours }, key)
export const testWebhook = (id: string, key: string) =>
  post<AuditWebhookDelivery>(`${PATH}/${id}/test`, {}, key)
export const replayFailed = (id: string, body: z.input<typeof auditWebhookReplay>, key: string) =>
  post<{ replayed: number }>(`${PATH}/${id}/replay`, body, key)

type DeliveryFilter = ListFilter & { webhookId: string; state?: string | undefined }
export const deliveriesQuery = (filter: DeliveryFilter) => ({
  ...listQuery<AuditWebhookDelivery, DeliveryFilter>('webhookDeliveries', DELIVERIES, filter),
  refetchInterval: LOOK_MS,
})
export const replayDelivery = (id: string, key: string) =>
  post<AuditWebhookDelivery>(`${DELIVERIES}/${id}/replay`, {}, key)
