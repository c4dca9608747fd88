import {
  addressAccepted,
  addressParams,
  cloudPodAddress,
  cloudPodAddressAdd,
  cloudPodAddresses as answered,
  cloudPodAddressUpdate,
} from '../../shared/api/cloudPodAddresses.ts'
import { idParams } from '../../shared/api/common.ts'
import * as cloudPodAddressService from '../services/cloudPodAddressService.ts'
import { route, type Reply, type Route } from './define.ts'

const tag = 'cloudpods'
const PATH = '/api/admin/hosting/cloudpods/{id}/addresses'
const where = { in: 'object', kind: 'cloudPod' } as const

/** 202: the work has been accepted; the job says how it goes. */
const started = (body: cloudPodAddressService.Accepted): Reply<cloudPodAddressService.Accepted> => ({
  status: 202,
  body,
  location: `/api/admin/provisioning/jobs/${body.job.id}`,
})

export const cloudPodAddresses: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'getCloudPodAddresses',
    summary: 'Show the addresses of a pod with their reverse DNS names',
    tag,
    access: { permission: 'cloudpods:read', where },
    params: idParams,
    replies: { 200: answered },
    handler: async (ctx, { params }) => ({
      body: { items: await cloudPodAddressService.list(ctx, params.id) },
    }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'addCloudPodAddress',
    summary: 'Give a pod a further address, a free one of a family or a given one',
    tag,
    access: { permission: 'infrastructure:manage', where },
    params: idParams,
    body: cloudPodAddressAdd,
    replies: { 202: addressAccepted },
    handler: async (ctx, { params, tenantId, body }) =>
      started(await cloudPodAddressService.add(ctx, tenantId, params.id, body)),
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{address}`,
    operationId: 'updateCloudPodAddress',
    summary: 'Set the reverse DNS name of an address of a pod',
    tag,
    access: { permission: 'cloudpods:update', where },
    params: addressParams,
    body: cloudPodAddressUpdate,
    replies: { 200: cloudPodAddress },
    handler: async (ctx, { params, tenantId, body }) => ({
      body: await cloudPodAddressService.rename(ctx, tenantId, params.id, {
        address: params.address,
        reverseName: body.reverseName,
      }),
    }),
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{address}`,
    operationId: 'releaseCloudPodAddress',
    summary: 'Take an address off a pod; the one it was made with stays',
    tag,
    access: { permission: 'infrastructure:manage', where },
    params: addressParams,
    replies: { 202: addressAccepted },
    handler: async (ctx, { params, tenantId }) =>
      started(await cloudPodAddressService.release(ctx, tenantId, params.id, params.address)),
  }),
]
