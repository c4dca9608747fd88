import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import { domainConnect, domainConnected, domainConnectionView } from '../../shared/api/domainConnections.ts'
import * as domainConnectionService from '../services/domainConnectionService.ts'
import { route, type Route } from './define.ts'

const tag = 'domains'
const PATH = '/api/admin/domains/{id}/connect'
const one = { in: 'object', kind: 'domain' } as const

/** Domains that lead to pods. */
export const domainConnectionRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'getDomainConnection',
    summary: 'Show which CloudPod a domain leads to',
    tag,
    access: { permission: 'domains:read', where: one },
    params: idParams,
    replies: { 200: domainConnectionView },
    handler: async (ctx, { params, tenantId }) => ({
      body: { connection: await domainConnectionService.get(ctx, { tenantId, domainId: params.id }) },
    }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'connectDomain',
    summary: 'Lead names of a domain to a CloudPod: their records, and a certificate for them',
    tag,
    access: { permission: 'domains:update', where: one },
    params: idParams,
    body: domainConnect,
    replies: { 202: domainConnected },
    handler: async (ctx, { params, tenantId, body: asked, identity }) => {
      const of = { tenantId, domainId: params.id }
      const body = await domainConnectionService.connect(ctx, identity, of, asked)
      return { status: 202, body, location: `/api/admin/domains/${params.id}/connect` }
    },
  }),
  route({
    method: 'DELETE',
    path: PATH,
    operationId: 'disconnectDomain',
    summary: 'Take the records away that lead to a CloudPod; the certificate stays',
    tag,
    access: { permission: 'domains:update', where: one },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId }) => {
      await domainConnectionService.disconnect(ctx, { tenantId, domainId: params.id })
      return { status: 204, body: null }
    },
  }),
]
