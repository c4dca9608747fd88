import type { z } from 'zod'
import type {
  Invoice,
  payment,
  paymentCreate,
  Plan,
  planCreate,
  Subscription,
  subscriptionCancel,
  subscriptionCreate,
} from '../../../shared/api/billing.ts'
import type { ChangePreview, changePreviewBody } from '../../../shared/api/billingChanges.ts'
import type {
  PausePreview,
  SubscriptionCalendar,
  subscriptionHold,
  subscriptionPause,
  SubscriptionTimeline,
} from '../../../shared/api/billingContracts.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { queryOptions } from '@tanstack/react-query'
import { get, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { ChangePreview, Invoice, Plan, Subscription, SubscriptionCalendar, SubscriptionTimeline }
export type Price = Plan['prices'][number]
export type PlanCreate = z.input<typeof planCreate>
export type PaymentCreate = z.input<typeof paymentCreate>
export type SubscriptionCreate = z.input<typeof subscriptionCreate>
export type SubscriptionCancel = z.input<typeof subscriptionCancel>
export type Payment = z.infer<typeof payment>
export type Ordered = { subscription: Subscription; invoice: Invoice | null; job: Job | null }
type Changed = { subscription: Subscription; job: Job | null }

const PLANS = '/api/admin/billing/plans'
const SUBSCRIPTIONS = '/api/admin/billing/subscriptions'
const INVOICES = '/api/admin/billing/invoices'

export const plansQuery = (filter: ListFilter) => listQuery<Plan, ListFilter>('plans', PLANS, filter)
export const createPlan = (body: PlanCreate, key: string) => post<Plan>(PLANS, body, key)

type SubscriptionFilter = ListFilter & {
  state?: Subscription['state'] | undefined
  customerId?: string | undefined
}
export const subscriptionsQuery = (filter: SubscriptionFilter) =>
  listQuery<Subscription, SubscriptionFilter>('subscriptions', SUBSCRIPTIONS, filter)
export const subscriptionQuery = (id: string) => detailQuery<Subscription>('subscriptions', SUBSCRIPTIONS, id)

export const orderSubscription = (body: SubscriptionCreate, key: string) =>
  post<Ordered>(SUBSCRIPTIONS, body, key)
export const cancelSubscription = (id: string, body: SubscriptionCancel, key: string) =>
  post<Changed>(`${SUBSCRIPTIONS}/${id}/cancel`, body, key)
export const retryDelivery = (id: string, key: string) =>
  post<Changed>(`${SUBSCRIPTIONS}/${id}/retry`, {}, key)

export type ChangeWish = z.input<typeof changePreviewBody>
/** Asked again for each wish: what it shows counts for ten minutes. */
export const changePreviewQuery = (id: string, wish: ChangeWish) =>
  queryOptions({
    queryKey: ['subscriptions', 'preview', id, wish] as const,
    queryFn: () => post<ChangePreview>(`${SUBSCRIPTIONS}/${id}/preview`, wish, crypto.randomUUID()),
  })
export const changeSubscription = (id: string, token: string, key: string) =>
  post<Changed & { invoice: Invoice | null }>(`${SUBSCRIPTIONS}/${id}/change`, { token }, key)
export const cancelSubscriptionChange = (id: string) => remove<Subscription>(`${SUBSCRIPTIONS}/${id}/change`)

/** What happens on which day if nobody does anything, all invoices being paid in time or none. */
export const calendarQuery = (id: string, assume: 'paid' | 'unpaid', until: string | undefined) =>
  queryOptions({
    queryKey: ['subscriptions', 'calendar', id, assume, until] as const,
    queryFn: ({ signal }) =>
      get<SubscriptionCalendar>(`${SUBSCRIPTIONS}/${id}/calendar`, { assume, until }, signal),
  })
export const subscriptionTimelineQuery = (id: string, limit: number) =>
  queryOptions({
    queryKey: ['subscriptions', 'timeline', id, limit] as const,
    queryFn: ({ signal }) => get<SubscriptionTimeline>(`${SUBSCRIPTIONS}/${id}/timeline`, { limit }, signal),
  })
export const uncancelSubscription = (id: string, key: string) =>
  post<Subscription>(`${SUBSCRIPTIONS}/${id}/uncancel`, {}, key)
export const keepSubscription = (id: string, key: string) =>
  post<Subscription>(`${SUBSCRIPTIONS}/${id}/keep`, {}, key)
export const holdSubscription = (id: string, body: z.input<typeof subscriptionHold>, key: string) =>
  post<Subscription>(`${SUBSCRIPTIONS}/${id}/hold`, body, key)
export const releaseSubscription = (id: string, reason: string, key: string) =>
  post<Subscription>(`${SUBSCRIPTIONS}/${id}/release`, { reason }, key)

export const pausePreviewQuery = (id: string, until: string) =>
  queryOptions({
    queryKey: ['subscriptions', 'pausePreview', id, until] as const,
    queryFn: ({ signal }) =>
      get<PausePreview>(`${SUBSCRIPTIONS}/${id}/pause-preview`, until === '' ? {} : { until }, signal),
  })
export const pauseSubscription = (id: string, body: z.input<typeof subscriptionPause>, key: string) =>
  post<Subscription>(`${SUBSCRIPTIONS}/${id}/pause`, body, key)
export const resumeSubscription = (id: string, reason: string, key: string) =>
  post<Subscription>(`${SUBSCRIPTIONS}/${id}/resume`, { reason }, key)

type InvoiceFilter = ListFilter & {
  subscriptionId?: string
  customerId?: string
  status?: Invoice['status'] | undefined
  dueBefore?: string | undefined
}
export const invoicesQuery = (filter: InvoiceFilter) =>
  listQuery<Invoice, InvoiceFilter>('invoices', INVOICES, filter)
export const invoiceQuery = (id: string) => detailQuery<Invoice>('invoices', INVOICES, id)
export const recordPayment = (invoiceId: string, body: PaymentCreate, key: string) =>
  post<Payment>(`${INVOICES}/${invoiceId}/payments`, body, key)
