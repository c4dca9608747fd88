import { z } from 'zod'
import { idParams, page } from '../../shared/api/common.ts'
import {
  dnsTemplate,
  dnsTemplateCreate,
  dnsTemplateList,
  dnsTemplateUpdate,
} from '../../shared/api/dnsTemplates.ts'
import * as dnsTemplateService from '../services/dnsTemplateService.ts'
import { route, type Route } from './define.ts'

const tag = 'domains'
const PATH = '/api/admin/domains/templates'
const one = { in: 'object', kind: 'dnsTemplate' } as const

export const dnsTemplateRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listDnsTemplates',
    summary: 'List templates of DNS records: those of the platform, and of the tenants that the caller sees',
    tag,
    access: { permission: 'domains:read', where: { in: 'list' } },
    query: dnsTemplateList,
    replies: { 200: page(dnsTemplate) },
    handler: async (ctx, { query }) => ({ body: await dnsTemplateService.list(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createDnsTemplate',
    summary: 'Add a template of DNS records, of a tenant or (tenantId null) of the platform for every tenant',
    tag,
    access: { permission: 'domains:update', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: dnsTemplateCreate,
    replies: { 201: dnsTemplate },
    handler: async (ctx, { body: asked }) => {
      const body = await dnsTemplateService.create(ctx, asked)
      return { status: 201, body, location: `${PATH}/${body.id}`, version: body.version }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getDnsTemplate',
    summary: 'Show a template of DNS records',
    tag,
    access: { permission: 'domains:read', where: { in: 'any' } },
    params: idParams,
    replies: { 200: dnsTemplate },
    handler: async (ctx, { params }) => {
      const body = await dnsTemplateService.get(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateDnsTemplate',
    summary: 'Change a template of DNS records; zones that it was applied to stay as they are',
    tag,
    access: { permission: 'domains:update', where: one },
    params: idParams,
    body: dnsTemplateUpdate,
    replies: { 200: dnsTemplate },
    versioned: true,
    handler: async (ctx, { params, body: change, ifMatch }) => {
      const body = await dnsTemplateService.update(ctx, params.id, change, ifMatch)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'removeDnsTemplate',
    summary: 'Remove a template of DNS records; zones that it was applied to stay as they are',
    tag,
    access: { permission: 'domains:update', where: one },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await dnsTemplateService.remove(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
]
