import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  CustomerTax,
  taxCheckStarted,
  TaxEvidence,
  taxEvidenceCreate,
  TaxIdCheck,
  TaxRule,
  taxRuleCreate,
  taxRuleUpdate,
  TaxSeller,
  taxSellerUpdate,
} from '../../../shared/api/billingTaxes.ts'
import { get, patch, post, put, remove } from './http.ts'
import { growingQuery, listQuery, type ListFilter } from './lists.ts'

export type { CustomerTax, TaxEvidence, TaxIdCheck, TaxRule, TaxSeller }
export type TaxRuleCreate = z.input<typeof taxRuleCreate>
export type TaxEvidenceCreate = z.input<typeof taxEvidenceCreate>

const RULES = '/api/admin/billing/tax-rules'
const sellerPath = (tenantId: string) => `/api/admin/tenants/${encodeURIComponent(tenantId)}/tax-seller`
const customerPath = (id: string) => `/api/admin/customers/${encodeURIComponent(id)}`

export const taxSellerQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['taxes', 'seller', tenantId] as const,
    queryFn: ({ signal }) => get<TaxSeller>(sellerPath(tenantId), undefined, signal),
  })
export const setTaxSeller = (tenantId: string, body: z.input<typeof taxSellerUpdate>, version: number) =>
  put<TaxSeller>(sellerPath(tenantId), body, version)

export const taxRulesQuery = (filter: ListFilter) => listQuery<TaxRule, ListFilter>('taxes', RULES, filter)
export const createTaxRule = (body: TaxRuleCreate, key: string) => post<TaxRule>(RULES, body, key)
export const updateTaxRule = (id: string, body: z.input<typeof taxRuleUpdate>, version: number) =>
  patch<TaxRule>(`${RULES}/${id}`, body, version)
export const removeTaxRule = (id: string) => remove<null>(`${RULES}/${id}`)

export const customerTaxQuery = (customerId: string, amountMinor = '0') =>
  queryOptions({
    queryKey: ['taxes', 'customer', customerId, amountMinor] as const,
    queryFn: ({ signal }) => get<CustomerTax>(`${customerPath(customerId)}/tax`, { amountMinor }, signal),
  })
export const taxEvidenceQuery = (customerId: string) =>
  growingQuery<TaxEvidence>('taxes', `${customerPath(customerId)}/tax-evidence`)
export const recordTaxEvidence = (customerId: string, body: TaxEvidenceCreate, key: string) =>
  post<TaxEvidence>(`${customerPath(customerId)}/tax-evidence`, body, key)
export const checkTaxId = (customerId: string, taxId: string, key: string) =>
  post<z.infer<typeof taxCheckStarted>>(`${customerPath(customerId)}/tax-checks`, { taxId }, key)
export const endTaxEvidence = (id: string) => remove<null>(`/api/admin/billing/tax-evidence/${id}`)
