import { z } from 'zod'
import { idParams, page } from '../../shared/api/common.ts'
import {
  customerContact,
  customerContactCreate,
  customerContactUpdate,
  customerNote,
  customerNoteCreate,
  customerNoteUpdate,
  customerStatistics,
  noteList,
  ofCustomerList,
} from '../../shared/api/customerFile.ts'
import * as customerService from '../services/customerService.ts'
import { route, type Route } from './define.ts'

const tag = 'customers'

/** What is kept about a customer: contacts, notes, figures. */
export const adminCustomerFile: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/statistics',
    operationId: 'getCustomerStatistics',
    summary: 'Count subscriptions, pods and money of a customer',
    tag,
    access: { permission: 'billing:read', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    replies: { 200: customerStatistics },
    handler: async (ctx, { params, tenantId }) => ({
      body: await customerService.statistics(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/contacts',
    operationId: 'getCustomerContacts',
    summary: 'List the contacts of a customer',
    tag,
    access: { permission: 'customers:read', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    query: ofCustomerList,
    replies: { 200: page(customerContact) },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await customerService.listContacts(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/contacts',
    operationId: 'addCustomerContact',
    summary: 'Add a contact to a customer',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    body: customerContactCreate,
    replies: { 201: customerContact },
    handler: async (ctx, { params, body, tenantId }) => {
      const made = await customerService.addContact(ctx, tenantId, params.id, body)
      return {
        status: 201,
        body: made,
        location: `/api/admin/customer-contacts/${made.id}`,
        version: made.version,
      }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/customer-contacts/{id}',
    operationId: 'updateCustomerContact',
    summary: 'Change a contact of a customer',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customerContact' } },
    params: idParams,
    body: customerContactUpdate,
    replies: { 200: customerContact },
    versioned: true,
    handler: async (ctx, { params, body, tenantId, ifMatch }) => {
      const changed = await customerService.updateContact(ctx, tenantId, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/customer-contacts/{id}',
    operationId: 'removeCustomerContact',
    summary: 'Remove a contact of a customer',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customerContact' } },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId }) => {
      await customerService.removeContact(ctx, tenantId, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/notes',
    operationId: 'getCustomerNotes',
    summary: 'List the notes of a customer',
    tag,
    access: { permission: 'customers:read', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    query: noteList,
    replies: { 200: page(customerNote) },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await customerService.listNotes(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/notes',
    operationId: 'addCustomerNote',
    summary: 'Add a note to a customer',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    body: customerNoteCreate,
    replies: { 201: customerNote },
    handler: async (ctx, { params, body, tenantId }) => {
      const made = await customerService.addNote(ctx, tenantId, params.id, body)
      return {
        status: 201,
        body: made,
        location: `/api/admin/customer-notes/${made.id}`,
        version: made.version,
      }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/customer-notes/{id}',
    operationId: 'updateCustomerNote',
    summary: 'Change a note of a customer',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customerNote' } },
    params: idParams,
    body: customerNoteUpdate,
    replies: { 200: customerNote },
    versioned: true,
    handler: async (ctx, { params, body, tenantId, ifMatch }) => {
      const changed = await customerService.updateNote(ctx, tenantId, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/customer-notes/{id}',
    operationId: 'removeCustomerNote',
    summary: 'Remove a note of a customer',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customerNote' } },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId }) => {
      await customerService.removeNote(ctx, tenantId, params.id)
      return { status: 204, body: null }
    },
  }),
]
