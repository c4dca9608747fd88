import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  ipAddresses,
  ipAddressFree,
  ipAddressKeep,
  ipAddressQuery,
  ipPool,
  ipPoolUpdate,
  reverseZones,
} from '../../shared/api/provisioningPools.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { route, type Route } from './define.ts'

const tag = 'provisioning'
const PATH = '/api/admin/provisioning/ip-pools/{id}'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

export const provisioningPoolRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'getIpPool',
    summary: 'Show an address pool with its use',
    tag,
    access: see,
    params: idParams,
    replies: { 200: ipPool },
    handler: async (ctx, { params }) => {
      const body = await provisioningService.getPool(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: PATH,
    operationId: 'updateIpPool',
    summary: 'Change name, range, DNS servers, rest and state of an address pool',
    tag,
    access: manage,
    params: idParams,
    body: ipPoolUpdate,
    replies: { 200: ipPool },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const changed = await provisioningService.updatePool(ctx, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: PATH,
    operationId: 'removeIpPool',
    summary: 'Remove an address pool of which nothing is held any more',
    tag,
    access: manage,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await provisioningService.removePool(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/addresses`,
    operationId: 'getIpAddresses',
    summary: 'Show the addresses of a pool that are not free, in their order',
    tag,
    access: see,
    params: idParams,
    query: ipAddressQuery,
    replies: { 200: ipAddresses },
    handler: async (ctx, { params, query }) => ({
      body: await provisioningService.listAddresses(ctx, params.id, query),
    }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/reverse-zones`,
    operationId: 'getReverseZones',
    summary: 'Write the zone files of the reverse names of a pool’s addresses',
    tag,
    access: see,
    params: idParams,
    replies: { 200: reverseZones },
    handler: async (ctx, { params }) => ({
      body: await provisioningService.reverseZones(ctx, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/addresses`,
    operationId: 'keepIpAddress',
    summary: 'Keep a free address back, so that no pod gets it',
    tag,
    access: manage,
    params: idParams,
    body: ipAddressKeep,
    replies: { 200: ipPool },
    handler: async (ctx, { params, body }) => ({
      body: await provisioningService.keepAddress(ctx, params.id, body),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/addresses/free`,
    operationId: 'freeIpAddress',
    summary: 'Give back an address that was kept, or end its rest early',
    tag,
    access: manage,
    params: idParams,
    body: ipAddressFree,
    replies: { 200: ipPool },
    handler: async (ctx, { params, body }) => ({
      body: await provisioningService.freeAddress(ctx, params.id, body.address),
    }),
  }),
]
