import {
  customerField,
  customerFieldCreate,
  customerFieldUpdate,
  customerGroup,
  customerGroupCreate,
  customerGroupUpdate,
} from '../../shared/api/customerSettings.ts'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import { z } from 'zod'
import * as customerService from '../services/customerService.ts'
import { route, type Route } from './define.ts'

const tag = 'customers'

export const adminCustomerSettings: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/customer-groups',
    operationId: 'listCustomerGroups',
    summary: 'List customer groups',
    tag,
    access: { permission: 'customers:read', where: { in: 'list' } },
    query: listQuery,
    replies: { 200: page(customerGroup) },
    handler: async (ctx, { query }) => ({ body: await customerService.listGroups(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customer-groups',
    operationId: 'createCustomerGroup',
    summary: 'Add a group of customers',
    tag,
    access: { permission: 'customers:update', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: customerGroupCreate,
    replies: { 201: customerGroup },
    handler: async (ctx, { body }) => {
      const made = await customerService.createGroup(ctx, body)
      return {
        status: 201,
        body: made,
        location: `/api/admin/customer-groups/${made.id}`,
        version: made.version,
      }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/customer-groups/{id}',
    operationId: 'updateCustomerGroup',
    summary: 'Change a customer group',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customerGroup' } },
    params: idParams,
    body: customerGroupUpdate,
    replies: { 200: customerGroup },
    versioned: true,
    handler: async (ctx, { params, body, tenantId, ifMatch }) => {
      const changed = await customerService.updateGroup(ctx, tenantId, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/customer-groups/{id}',
    operationId: 'deleteCustomerGroup',
    summary: 'Remove a customer group that nobody uses',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customerGroup' } },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId }) => {
      await customerService.deleteGroup(ctx, tenantId, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/customer-fields',
    operationId: 'listCustomerFields',
    summary: 'List customer fields',
    tag,
    access: { permission: 'customers:read', where: { in: 'list' } },
    query: listQuery,
    replies: { 200: page(customerField) },
    handler: async (ctx, { query }) => ({ body: await customerService.listFields(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customer-fields',
    operationId: 'createCustomerField',
    summary: 'Define a field that customers have',
    tag,
    access: { permission: 'customers:update', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: customerFieldCreate,
    replies: { 201: customerField },
    handler: async (ctx, { body }) => {
      const made = await customerService.createField(ctx, body)
      return {
        status: 201,
        body: made,
        location: `/api/admin/customer-fields/${made.id}`,
        version: made.version,
      }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/customer-fields/{id}',
    operationId: 'updateCustomerField',
    summary: 'Change a customer field',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customerField' } },
    params: idParams,
    body: customerFieldUpdate,
    replies: { 200: customerField },
    versioned: true,
    handler: async (ctx, { params, body, tenantId, ifMatch }) => {
      const changed = await customerService.updateField(ctx, tenantId, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/customer-fields/{id}',
    operationId: 'deleteCustomerField',
    summary: 'Remove a customer field that nobody uses',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customerField' } },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId }) => {
      await customerService.deleteField(ctx, tenantId, params.id)
      return { status: 204, body: null }
    },
  }),
]
