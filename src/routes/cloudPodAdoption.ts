import type { z } from 'zod'
import {
  cloudPodAdopt,
  strangerDetail,
  strangerParams,
  strangers,
  strangersQuery,
} from '../../shared/api/cloudPodAdoption.ts'
import { accepted } from '../../shared/api/cloudPods.ts'
import { idParams } from '../../shared/api/common.ts'
import { originOf } from '../middleware/auth.ts'
import * as adoptionService from '../services/cloudPodAdoptionService.ts'
import { route, type Route } from './define.ts'

const tag = 'cloudpods'
const PATH = '/api/admin/provisioning/clusters/{id}/strangers'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const

/** Who looks waits for the cluster's answer, outside of any transaction. */
export const cloudPodAdoption: Route[] = [
  {
    method: 'GET',
    path: PATH,
    operationId: 'showStrangers',
    summary:
      'The guests of a cluster that no pod owns; q: part of name, tag, node, VMID, or a whole MAC or address',
    tag,
    access: see,
    params: idParams,
    query: strangersQuery,
    perMinute: 60,
    replies: { 200: strangers },
    raw: async (root, request, _reply, identity) => {
      const { id } = request.params as z.infer<typeof idParams>
      const { q } = request.query as z.infer<typeof strangersQuery>
      return { items: await adoptionService.listStrangers(root, originOf(request, identity), id, q) }
    },
  },
  {
    method: 'GET',
    path: `${PATH}/{vmid}`,
    operationId: 'showStranger',
    summary: 'One of them, read from its node: what a pod would take over of it, or why it cannot become one',
    tag,
    access: see,
    params: strangerParams,
    perMinute: 60,
    replies: { 200: strangerDetail },
    raw: async (root, request, _reply, identity) => {
      const { id, vmid } = request.params as z.infer<typeof strangerParams>
      return adoptionService.getStranger(root, originOf(request, identity), id, vmid)
    },
  },
  route({
    method: 'POST',
    path: '/api/admin/hosting/cloudpods/adopt',
    operationId: 'adoptCloudPod',
    summary: 'Make a pod of a guest that runs already; its cards, disks and power are not touched',
    tag,
    access: { permission: 'infrastructure:manage', where: { in: 'platform' } },
    body: cloudPodAdopt,
    replies: { 202: accepted },
    handler: async (ctx, { body }) => {
      const started = await adoptionService.adopt(ctx, body)
      return { status: 202, body: started, location: `/api/admin/provisioning/jobs/${started.job.id}` }
    },
  }),
]
