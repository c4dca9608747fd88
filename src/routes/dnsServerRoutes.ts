import { z } from 'zod'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import {
  dnsServer,
  dnsServerCheck,
  dnsServerCheckRequest,
  dnsServerCreate,
  dnsServerUpdate,
  dnsTransferKey,
  dnsTransfersPut,
} from '../../shared/api/dnsServers.ts'
import { originOf } from '../middleware/auth.ts'
import * as dnsServerCheckService from '../services/dnsServerCheck.ts'
import * as dnsTransferService from '../services/dnsTransferService.ts'
import * as dnsServerService from '../services/dnsServerService.ts'
import { route, type Route } from './define.ts'

const tag = 'domains'
const PATH = '/api/admin/domains/dns-servers'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

/** The checks call the server while the request waits, outside of any transaction. */
export const dnsServerRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listDnsServers',
    summary: 'List the DNS servers that zones are kept on',
    tag,
    access: see,
    query: listQuery.omit({ tenantId: true }),
    replies: { 200: page(dnsServer) },
    handler: async (ctx, { query }) => ({ body: await dnsServerService.listServers(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createDnsServer',
    summary: 'Add a PowerDNS that zones can be kept on',
    tag,
    access: manage,
    stepUp: true,
    body: dnsServerCreate,
    replies: { 201: dnsServer },
    handler: async (ctx, { body }) => {
      const made = await dnsServerService.addServer(ctx, body)
      return { status: 201, body: made, location: `${PATH}/${made.id}` }
    },
  }),
  {
    method: 'POST',
    path: `${PATH}/check`,
    operationId: 'checkDnsServerConnection',
    summary: 'Try a connection to a PowerDNS: the key, and what is there',
    tag,
    access: manage,
    body: dnsServerCheckRequest,
    perMinute: 10,
    answersSecret: true,
    replies: { 200: dnsServerCheck },
    raw: async (root, request, _reply, identity) =>
      dnsServerCheckService.checkConnection(
        root,
        originOf(request, identity),
        request.body as z.infer<typeof dnsServerCheckRequest>,
      ),
  },
  {
    method: 'POST',
    path: `${PATH}/{id}/check`,
    operationId: 'checkDnsServer',
    summary: 'Try the connection of a DNS server that is known',
    tag,
    access: manage,
    params: idParams,
    perMinute: 10,
    replies: { 200: dnsServerCheck },
    raw: async (root, request, _reply, identity) => {
      const { id } = request.params as z.infer<typeof idParams>
      return dnsServerCheckService.checkServer(root, originOf(request, identity), id)
    },
  },
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getDnsServer',
    summary: 'Show a DNS server',
    tag,
    access: see,
    params: idParams,
    replies: { 200: dnsServer },
    handler: async (ctx, { params }) => {
      const body = await dnsServerService.getServer(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateDnsServer',
    summary: 'Change a DNS server; its zones follow when its name servers change',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: dnsServerUpdate,
    replies: { 200: dnsServer },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const changed = await dnsServerService.updateServer(ctx, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'removeDnsServer',
    summary: 'Take a DNS server that has no zones out of mPanel; nothing on it is touched',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await dnsServerService.removeServer(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'PUT',
    path: `${PATH}/{id}/secondaries`,
    operationId: 'setDnsSecondaries',
    summary: 'Say who copies the zones of a DNS server, and is told of changes',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: dnsTransfersPut,
    replies: { 200: dnsServer },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const server = await dnsTransferService.setTransfers(ctx, params.id, body, ifMatch)
      return { body: server, version: server.version }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/transfer-key`,
    operationId: 'makeDnsTransferKey',
    summary: 'Make a new key by which secondaries copy the zones of a DNS server; it is shown once',
    tag,
    access: manage,
    stepUp: true,
    answersSecret: true,
    params: idParams,
    replies: { 200: dnsTransferKey },
    handler: async (ctx, { params }) => ({ body: await dnsTransferService.makeKey(ctx, params.id) }),
  }),
]
