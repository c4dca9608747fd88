import {
  cloudPodTemplate,
  cloudPodTemplatePreview,
  templateAccepted,
} from '../../shared/api/cloudPodTemplates.ts'
import { idParams } from '../../shared/api/common.ts'
import * as cloudPodTemplateService from '../services/cloudPodTemplateService.ts'
import { route, type Reply, type Route } from './define.ts'

const POD = '/api/admin/hosting/cloudpods/{id}/template'
const ofPod = { permission: 'cloudpods:template', where: { in: 'object', kind: 'cloudPod' } } as const

/** 202: the work has been accepted; the job says how it goes. */
const started = (body: cloudPodTemplateService.Accepted): Reply<cloudPodTemplateService.Accepted> => ({
  status: 202,
  body,
  location: `/api/admin/provisioning/jobs/${body.job.id}`,
})

export const cloudPodTemplates: Route[] = [
  route({
    method: 'GET',
    path: POD,
    operationId: 'previewCloudPodTemplate',
    summary: 'Show whether a blueprint can be made of a pod now, and what that would count',
    tag: 'cloudpods',
    access: ofPod,
    params: idParams,
    replies: { 200: cloudPodTemplatePreview },
    handler: async (ctx, { params, tenantId }) => ({
      body: await cloudPodTemplateService.preview(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: POD,
    operationId: 'makeBlueprintOfCloudPod',
    summary:
      'Make a blueprint, for its tenant alone, of a copy of a stopped virtual machine; the pod stays as it is',
    tag: 'cloudpods',
    access: ofPod,
    params: idParams,
    body: cloudPodTemplate,
    replies: { 202: templateAccepted },
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId, body }) =>
      started(await cloudPodTemplateService.make(ctx, tenantId, params.id, body.name)),
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/provisioning/blueprints/{id}/template',
    operationId: 'removeBlueprintTemplate',
    summary: 'Remove a blueprint that was made of a pod, with its template; pods that were made of it stay',
    tag: 'provisioning',
    access: { permission: 'cloudpods:template', where: { in: 'object', kind: 'blueprint' } },
    params: idParams,
    replies: { 202: templateAccepted },
    handler: async (ctx, { params }) => started(await cloudPodTemplateService.remove(ctx, params.id)),
  }),
]
