import type { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  cluster,
  clusterCheck,
  clusterCheckRequest,
  clusterRemove,
  clusterUpdate,
} from '../../shared/api/provisioning.ts'
import { originOf } from '../middleware/auth.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { route, type Route } from './define.ts'

const tag = 'provisioning'
const PATH = '/api/admin/provisioning/clusters'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

/** The checks call the cluster while the request waits, outside of any transaction. */
export const provisioningClusterRoutes: Route[] = [
  {
    method: 'POST',
    path: `${PATH}/check`,
    operationId: 'checkClusterConnection',
    summary: 'Try a connection to a Proxmox VE cluster: certificate, token, and the privileges that it lacks',
    tag,
    access: manage,
    body: clusterCheckRequest,
    perMinute: 10,
    answersSecret: true,
    replies: { 200: clusterCheck },
    raw: async (root, request, _reply, identity) =>
      provisioningService.checkConnection(
        root,
        originOf(request, identity),
        request.body as z.infer<typeof clusterCheckRequest>,
      ),
  },
  {
    method: 'POST',
    path: `${PATH}/{id}/check`,
    operationId: 'checkCluster',
    summary: 'Try the connection of a cluster that is known',
    tag,
    access: manage,
    params: idParams,
    perMinute: 10,
    replies: { 200: clusterCheck },
    raw: async (root, request, _reply, identity) => {
      const { id } = request.params as z.infer<typeof idParams>
      return provisioningService.checkCluster(root, originOf(request, identity), id)
    },
  },
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getCluster',
    summary: 'Show a cluster',
    tag,
    access: see,
    params: idParams,
    replies: { 200: cluster },
    handler: async (ctx, { params }) => {
      const body = await provisioningService.getCluster(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateCluster',
    summary: 'Change name, connection, range of VMIDs or state of a cluster',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: clusterUpdate,
    replies: { 200: cluster },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const changed = await provisioningService.updateCluster(ctx, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/remove`,
    operationId: 'removeCluster',
    summary: 'Take a cluster without pods out of mPanel; nothing on it is touched',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: clusterRemove,
    replies: { 200: cluster },
    handler: async (ctx, { params, body }) => ({
      body: await provisioningService.removeCluster(ctx, params.id, body.name),
    }),
  }),
]
