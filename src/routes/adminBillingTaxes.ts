import { z } from 'zod'
import {
  customerTax,
  customerTaxQuery,
  taxCheckCreate,
  taxCheckStarted,
  taxEvidence,
  taxEvidenceCreate,
  taxEvidenceList,
  taxRule,
  taxRuleCreate,
  taxRuleList,
  taxRuleUpdate,
  taxSeller,
  taxSellerUpdate,
} from '../../shared/api/billingTaxes.ts'
import { idParams, page } from '../../shared/api/common.ts'
import * as billingTaxService from '../services/billingTaxService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const RULES = '/api/admin/billing/tax-rules'
const jobPath = (id: string): string => `/api/admin/provisioning/jobs/${id}`
const ofTenant = { in: 'object', kind: 'tenant' } as const
const ofCustomer = { in: 'object', kind: 'customer' } as const
const rule = { permission: 'billing:manage', where: { in: 'object', kind: 'taxRule' } } as const

/** How what is sold is taxed. */
export const adminBillingTaxes: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/tax-seller',
    operationId: 'getTaxSeller',
    summary: 'Show who sells, as it stands on the tenant’s invoices',
    tag,
    access: { permission: 'billing:read', where: ofTenant },
    params: idParams,
    replies: { 200: taxSeller },
    handler: async (ctx, { tenantId }) => {
      const body = await billingTaxService.getSeller(ctx, tenantId)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PUT',
    path: '/api/admin/tenants/{id}/tax-seller',
    operationId: 'setTaxSeller',
    summary: 'Say who sells, where it is registered and whether prices have the tax in them',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: ofTenant },
    params: idParams,
    body: taxSellerUpdate,
    replies: { 200: taxSeller },
    versioned: true,
    handler: async (ctx, { tenantId, body: details, ifMatch }) => {
      const body = await billingTaxService.setSeller(ctx, tenantId, details, ifMatch)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'GET',
    path: RULES,
    operationId: 'listTaxRules',
    summary: 'List tax rules: the platform’s and those of tenants',
    tag,
    access: { permission: 'billing:read', where: { in: 'list' } },
    query: taxRuleList,
    replies: { 200: page(taxRule) },
    handler: async (ctx, { query }) => ({ body: await billingTaxService.listRules(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: RULES,
    operationId: 'createTaxRule',
    summary: 'Add a tax rule, for all tenants or for one',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: taxRuleCreate,
    replies: { 201: taxRule },
    handler: async (ctx, { body: asked }) => {
      const body = await billingTaxService.createRule(ctx, asked)
      return { status: 201, body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${RULES}/{id}`,
    operationId: 'updateTaxRule',
    summary: 'Change the rate, the reason or the days of a tax rule',
    tag,
    notWhileImpersonating: true,
    access: rule,
    params: idParams,
    body: taxRuleUpdate,
    replies: { 200: taxRule },
    versioned: true,
    handler: async (ctx, { params, body: change, ifMatch }) => {
      const body = await billingTaxService.updateRule(ctx, params.id, change, ifMatch)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${RULES}/{id}`,
    operationId: 'removeTaxRule',
    summary: 'Remove a tax rule; invoices stay as they were issued',
    tag,
    access: rule,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await billingTaxService.removeRule(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/tax',
    operationId: 'getCustomerTax',
    summary: 'Show how a customer is taxed today, and why',
    tag,
    access: { permission: 'billing:read', where: ofCustomer },
    params: idParams,
    query: customerTaxQuery,
    replies: { 200: customerTax },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await billingTaxService.customerTax(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/tax-evidence',
    operationId: 'getTaxEvidence',
    summary: 'List the checks of a customer’s tax ids and his exemptions',
    tag,
    access: { permission: 'billing:read', where: ofCustomer },
    params: idParams,
    query: taxEvidenceList,
    replies: { 200: page(taxEvidence) },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await billingTaxService.listEvidence(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/tax-evidence',
    operationId: 'recordTaxEvidence',
    summary: 'Record a check of a customer’s tax id, or an exemption with its reason',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: ofCustomer },
    params: idParams,
    body: taxEvidenceCreate,
    replies: { 201: taxEvidence },
    handler: async (ctx, { params, body, tenantId }) => ({
      status: 201,
      body: await billingTaxService.recordEvidence(ctx, tenantId, params.id, body),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/tax-checks',
    operationId: 'checkCustomerTaxId',
    summary: 'Have one of a customer’s VAT numbers checked in VIES now',
    tag,
    access: { permission: 'billing:manage', where: ofCustomer },
    params: idParams,
    body: taxCheckCreate,
    replies: { 202: taxCheckStarted },
    handler: async (ctx, { params, body: asked, tenantId }) => {
      const body = await billingTaxService.askForCheck(ctx, tenantId, params.id, asked)
      return { status: 202, body, location: jobPath(body.job.id) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/billing/tax-evidence/{id}',
    operationId: 'endTaxEvidence',
    summary: 'Take back what was recorded about a customer by mistake',
    tag,
    access: { permission: 'billing:manage', where: { in: 'object', kind: 'taxEvidence' } },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId }) => {
      await billingTaxService.endEvidence(ctx, tenantId, params.id)
      return { status: 204, body: null }
    },
  }),
]
