import { z } from 'zod'
import { idParams, page, listQuery } from '../../shared/api/common.ts'
import { job } from '../../shared/api/provisioning.ts'
import {
  ipSource,
  ipSourceCheck,
  ipSourceCheckKnown,
  ipSourceCheckRequest,
  ipSourceCreate,
  ipSourceUpdate,
} from '../../shared/api/provisioningSources.ts'
import { originOf } from '../middleware/auth.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { route, type Route } from './define.ts'

const tag = 'provisioning'
const PATH = '/api/admin/provisioning/ip-sources'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

/** The checks call NetBox while the request waits, outside of any transaction. */
export const provisioningSourceRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listIpSources',
    summary: 'List the NetBoxes that address pools can be of',
    tag,
    access: see,
    query: listQuery.omit({ tenantId: true }),
    replies: { 200: page(ipSource) },
    handler: async (ctx, { query }) => ({ body: await provisioningService.listSources(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createIpSource',
    summary: 'Add a NetBox that address pools can be of',
    tag,
    access: manage,
    stepUp: true,
    body: ipSourceCreate,
    replies: { 201: ipSource },
    handler: async (ctx, { body }) => {
      const made = await provisioningService.addSource(ctx, body)
      return { status: 201, body: made, location: `${PATH}/${made.id}` }
    },
  }),
  {
    method: 'POST',
    path: `${PATH}/check`,
    operationId: 'checkIpSourceConnection',
    summary: 'Try a connection to a NetBox: the token, what it may do, the custom field and a prefix',
    tag,
    access: manage,
    body: ipSourceCheckRequest,
    perMinute: 10,
    answersSecret: true,
    replies: { 200: ipSourceCheck },
    raw: async (root, request, _reply, identity) =>
      provisioningService.checkSourceConnection(
        root,
        originOf(request, identity),
        request.body as z.infer<typeof ipSourceCheckRequest>,
      ),
  },
  {
    method: 'POST',
    path: `${PATH}/{id}/check`,
    operationId: 'checkIpSource',
    summary: 'Try the connection of a NetBox that is known, and perhaps look for a prefix',
    tag,
    access: manage,
    params: idParams,
    body: ipSourceCheckKnown,
    perMinute: 10,
    replies: { 200: ipSourceCheck },
    raw: async (root, request, _reply, identity) => {
      const { id } = request.params as z.infer<typeof idParams>
      const body = request.body as z.infer<typeof ipSourceCheckKnown>
      return provisioningService.checkSource(root, originOf(request, identity), id, body)
    },
  },
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getIpSource',
    summary: 'Show a NetBox',
    tag,
    access: see,
    params: idParams,
    replies: { 200: ipSource },
    handler: async (ctx, { params }) => {
      const body = await provisioningService.getSource(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateIpSource',
    summary: 'Change name, connection or custom field of a NetBox',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: ipSourceUpdate,
    replies: { 200: ipSource },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const changed = await provisioningService.updateSource(ctx, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'removeIpSource',
    summary: 'Take a NetBox that no pool is of out of mPanel; nothing in it is touched',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await provisioningService.removeSource(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/ip-pools/{id}/compare',
    operationId: 'compareIpPool',
    summary: 'Compare a pool with its NetBox now; it is done once a minute anyway',
    tag,
    access: manage,
    params: idParams,
    replies: { 202: z.object({ job }) },
    handler: async (ctx, { params }) => {
      const body = await provisioningService.comparePool(ctx, params.id)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.job.id}` }
    },
  }),
]
