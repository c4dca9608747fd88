import { idParams } from '../../shared/api/common.ts'
import { keptReverseZones, reverseKeep } from '../../shared/api/dnsReverse.ts'
import * as dnsReverseService from '../services/dnsReverseService.ts'
import { route, type Route } from './define.ts'

const tag = 'provisioning'
const PATH = '/api/admin/provisioning/ip-pools/{id}/reverse-zones/kept'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const
const replies = { 200: keptReverseZones }

export const dnsReverseRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'getKeptReverseZones',
    summary: 'Show the reverse zones of a pool that are kept here, and whether its names are found',
    tag,
    access: see,
    params: idParams,
    replies,
    handler: async (ctx, { params }) => ({ body: await dnsReverseService.get(ctx, params.id) }),
  }),
  route({
    method: 'PUT',
    path: PATH,
    operationId: 'keepReverseZones',
    summary: 'Keep the reverse zones of a pool on a DNS server',
    tag,
    access: manage,
    params: idParams,
    body: reverseKeep,
    replies,
    handler: async (ctx, { params, body }) => ({ body: await dnsReverseService.keep(ctx, params.id, body) }),
  }),
  route({
    method: 'DELETE',
    path: PATH,
    operationId: 'letGoReverseZones',
    summary: 'Keep the reverse zones of a pool no longer, and take them off their server',
    tag,
    access: manage,
    params: idParams,
    replies,
    handler: async (ctx, { params }) => ({ body: await dnsReverseService.letGo(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/apply`,
    operationId: 'applyReverseZones',
    summary: 'Have the reverse zones of a pool served again as they are wanted',
    tag,
    access: manage,
    params: idParams,
    replies,
    handler: async (ctx, { params }) => ({ body: await dnsReverseService.apply(ctx, params.id) }),
  }),
]
