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
import type { Job } from '../../../shared/api/provisioning.ts'
import { post } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { Invoice, Plan, Subscription }
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

export const invoicesQuery = (filter: ListFilter & { subscriptionId?: string }) =>
  listQuery<Invoice, typeof filter>('invoices', INVOICES, filter)
export const recordPayment = (invoiceId: string, body: PaymentCreate, key: string) =>
  post<Payment>(`${INVOICES}/${invoiceId}/payments`, body, key)
