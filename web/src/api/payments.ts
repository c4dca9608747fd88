import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  BillingProvider,
  BillingProviderCheck,
  billingProviderCheckRequest,
  billingProviderCreate,
  billingProviderUpdate,
  InvoicePayments,
  PaymentAttempt,
  PaymentMethod,
  paymentRefundCreate,
} from '../../../shared/api/billingPayments.ts'
import { get, patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { BillingProvider, BillingProviderCheck, InvoicePayments, PaymentAttempt, PaymentMethod }
export type PaidPart = InvoicePayments['payments'][number]

const PROVIDERS = '/api/admin/billing/providers'
const INVOICES = '/api/admin/billing/invoices'
const METHODS = '/api/admin/billing/payment-methods'
const ofCustomer = (id: string): string => `/api/admin/customers/${id}/payment-methods`

export const providersQuery = (filter: ListFilter) =>
  listQuery<BillingProvider, ListFilter>('billingProviders', PROVIDERS, filter)
export const providerQuery = (id: string) => detailQuery<BillingProvider>('billingProviders', PROVIDERS, id)
export const addProvider = (body: z.input<typeof billingProviderCreate>, key: string) =>
  post<BillingProvider>(PROVIDERS, body, key)
export const updateProvider = (id: string, body: z.input<typeof billingProviderUpdate>, version: number) =>
  patch<BillingProvider>(`${PROVIDERS}/${id}`, body, version)
export const removeProvider = (id: string) => remove<null>(`${PROVIDERS}/${id}`)
export const checkKey = (typed: z.input<typeof billingProviderCheckRequest>, key: string) =>
  post<BillingProviderCheck>(`${PROVIDERS}/check`, typed, key)
export const checkProvider = (id: string, key: string) =>
  post<BillingProviderCheck>(`${PROVIDERS}/${id}/check`, {}, key)

export const methodsQuery = (filter: ListFilter & { customerId: string }) =>
  listQuery<PaymentMethod, typeof filter>('paymentMethods', METHODS, filter)
export const beginMethod = (customerId: string, key: string) =>
  post<{ url: string; expiresAt: string }>(ofCustomer(customerId), {}, key)
export const lookAtMethods = (customerId: string, key: string) =>
  post<unknown>(`${ofCustomer(customerId)}/look`, {}, key)
export const makeDefault = (id: string, key: string) =>
  post<PaymentMethod>(`${METHODS}/${id}/default`, {}, key)
export const removeMethod = (id: string) => remove<unknown>(`${METHODS}/${id}`)

export const invoicePaymentsQuery = (invoiceId: string) =>
  queryOptions({
    queryKey: ['payments', 'invoice', invoiceId] as const,
    queryFn: ({ signal }) => get<InvoicePayments>(`${INVOICES}/${invoiceId}/payments`, undefined, signal),
  })
export const chargeInvoice = (invoiceId: string, key: string) =>
  post<{ attempt: PaymentAttempt }>(`${INVOICES}/${invoiceId}/charge`, {}, key)
export const createPayLink = (invoiceId: string, mail: boolean, key: string) =>
  post<{ attempt: PaymentAttempt }>(`${INVOICES}/${invoiceId}/pay-link`, { mail }, key)
export const cancelPayLink = (attemptId: string, key: string) =>
  post<{ attempt: PaymentAttempt }>(`/api/admin/billing/payment-attempts/${attemptId}/cancel`, {}, key)
export const refundPayment = (id: string, body: z.input<typeof paymentRefundCreate>, key: string) =>
  post<unknown>(`/api/admin/billing/payments/${id}/refund`, body, key)
