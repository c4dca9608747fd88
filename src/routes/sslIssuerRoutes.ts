import { z } from 'zod'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import {
  sslIssuer,
  sslIssuerCheck,
  sslIssuerCreate,
  sslIssuerUpdate,
  sslKeyChange,
  sslRoot,
} from '../../shared/api/sslIssuers.ts'
import { originOf } from '../middleware/auth.ts'
import * as sslService from '../services/sslService.ts'
import { route, type Route } from './define.ts'

const tag = 'ssl'
const PATH = '/api/admin/ssl/issuers'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

export const sslIssuerRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listSslIssuers',
    summary: 'List who gives certificates',
    tag,
    access: see,
    query: listQuery.omit({ tenantId: true }),
    replies: { 200: page(sslIssuer) },
    handler: async (ctx, { query }) => ({ body: await sslService.listIssuers(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createSslIssuer',
    summary: 'Add a CA that speaks ACME',
    tag,
    access: manage,
    stepUp: true,
    body: sslIssuerCreate,
    replies: { 201: sslIssuer },
    handler: async (ctx, { body }) => {
      const made = await sslService.addIssuer(ctx, body)
      return { status: 201, body: made, location: `${PATH}/${made.id}` }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getSslIssuer',
    summary: 'Show an issuer',
    tag,
    access: see,
    params: idParams,
    replies: { 200: sslIssuer },
    handler: async (ctx, { params }) => {
      const body = await sslService.getIssuer(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateSslIssuer',
    summary: 'Change name, trust, contact, profile, priority or budget of an issuer',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: sslIssuerUpdate,
    replies: { 200: sslIssuer },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const changed = await sslService.updateIssuer(ctx, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'retireSslIssuer',
    summary: 'Ask nothing new of an issuer; what it has issued stays',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await sslService.retireIssuer(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  {
    method: 'POST',
    path: `${PATH}/{id}/check`,
    operationId: 'checkSslIssuer',
    summary: 'Ask a CA for its directory and for the account, which is made if it was not',
    tag,
    access: manage,
    params: idParams,
    perMinute: 10,
    replies: { 200: sslIssuerCheck },
    raw: async (root, request, _reply, identity) => {
      const { id } = request.params as z.infer<typeof idParams>
      return sslService.checkIssuer(root, originOf(request, identity), id)
    },
  },
  route({
    method: 'POST',
    path: `${PATH}/{id}/account-key`,
    operationId: 'changeSslAccountKey',
    summary: 'Give the account at a CA another key',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    replies: { 202: sslKeyChange },
    handler: async (ctx, { params }) => {
      const body = await sslService.changeAccountKey(ctx, params.id)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.jobId}` }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/ssl/root',
    operationId: 'getSslRoot',
    summary: 'The root to trust, so that certificates of the private CA are',
    tag,
    access: see,
    replies: { 200: sslRoot },
    handler: async (ctx) => ({ body: { pem: await sslService.privateRoot(ctx) } }),
  }),
]
