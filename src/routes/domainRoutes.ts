import { z } from 'zod'
import {
  domain,
  domainAccepted,
  domainCreate,
  domainList,
  domainListQuery,
  domainTrust,
  domainUpdate,
} from '../../shared/api/domains.ts'
import { idParams } from '../../shared/api/common.ts'
import * as domainService from '../services/domainService.ts'
import { route, type Route } from './define.ts'

const tag = 'domains'
const PATH = '/api/admin/domains'
const one = { in: 'object', kind: 'domain' } as const

export const domainRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listDomains',
    summary: 'List domains, newest first',
    tag,
    access: { permission: 'domains:read', where: { in: 'list' } },
    query: domainListQuery,
    replies: { 200: domainList },
    handler: async (ctx, { query }) => ({ body: await domainService.list(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createDomain',
    summary:
      'Add a domain that is registered elsewhere; the answer names the TXT record that proves whose it is',
    tag,
    access: { permission: 'domains:create', where: { in: 'body', kind: 'tenant', field: 'tenantId' } },
    body: domainCreate,
    replies: { 201: domain },
    handler: async (ctx, { body: asked }) => {
      const body = await domainService.create(ctx, asked)
      return { status: 201, body, version: body.version, location: `${PATH}/${body.id}` }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getDomain',
    summary: 'Show a domain',
    tag,
    access: { permission: 'domains:read', where: one },
    params: idParams,
    replies: { 200: domain },
    handler: async (ctx, { params, tenantId }) => {
      const body = await domainService.get(ctx, tenantId, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateDomain',
    summary: 'Give a domain to another customer of its tenant, or to none',
    tag,
    access: { permission: 'domains:update', where: one },
    params: idParams,
    body: domainUpdate,
    replies: { 200: domain },
    versioned: true,
    handler: async (ctx, { params, tenantId, body: change, ifMatch: version }) => {
      const body = await domainService.update(ctx, { id: params.id, tenantId, version }, change)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'deleteDomain',
    summary: 'Remove a domain; its registration elsewhere is not touched',
    tag,
    access: { permission: 'domains:delete', where: one },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId }) => {
      await domainService.remove(ctx, tenantId, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/verify`,
    operationId: 'verifyDomain',
    summary: 'Look now for the TXT record that proves whose a domain is',
    tag,
    access: { permission: 'domains:update', where: one },
    params: idParams,
    replies: { 202: domainAccepted },
    perMinute: 20,
    handler: async (ctx, { params, tenantId }) => {
      const body = await domainService.verify(ctx, tenantId, params.id)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.job.id}` }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/trust`,
    operationId: 'trustDomain',
    summary: 'Believe without the TXT record whose a domain is, for a reason that is kept',
    tag,
    access: { permission: 'domains:create', where: { in: 'platform' } },
    params: idParams,
    body: domainTrust,
    notWhileImpersonating: true,
    replies: { 200: domain },
    handler: async (ctx, { params, body: { reason } }) => {
      const body = await domainService.trust(ctx, params.id, reason)
      return { body, version: body.version }
    },
  }),
]
