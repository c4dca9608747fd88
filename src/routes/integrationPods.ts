import { page } from '../../shared/api/common.ts'
import {
  integrationPod,
  integrationPodAnswer,
  integrationPodDetail,
  integrationPodList,
  integrationPodParams,
  integrationPodPower,
  integrationPodPut,
  integrationPodSuspend,
  inTenant,
  type IntegrationPodAnswer,
} from '../../shared/api/integrationPods.ts'
import * as integrationPodService from '../services/integrationPodService.ts'
import { route, type Reply, type Route } from './define.ts'

const tag = 'integrations'
const PATH = '/api/integrations/pods'

/** 202 with the job that does it; 200 when there is nothing to do. */
const told = (body: IntegrationPodAnswer): Reply<IntegrationPodAnswer> => ({
  status: body.job === null ? 200 : 202,
  body,
  ...(body.job && { location: `/api/admin/provisioning/jobs/${body.job.id}` }),
})

const common = {
  tag,
  params: integrationPodParams,
  query: inTenant,
} as const
const manages = { permission: 'integrations:manage', where: { in: 'own' } } as const
const answers = { 200: integrationPodAnswer, 202: integrationPodAnswer }

export const integrationPods: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listIntegrationPods',
    summary: 'List the pods that other systems sell, with their state and usage',
    tag,
    access: { permission: 'integrations:read', where: { in: 'list' } },
    query: integrationPodList,
    replies: { 200: page(integrationPod) },
    handler: async (ctx, { query }) => ({ body: await integrationPodService.list(ctx, query) }),
  }),
  route({
    ...common,
    method: 'GET',
    path: `${PATH}/{externalKey}`,
    operationId: 'getIntegrationPod',
    summary: 'Show what was sold under a key',
    access: { permission: 'integrations:read', where: { in: 'own' } },
    replies: { 200: integrationPodDetail },
    handler: async (ctx, { params, tenantId }) => ({
      body: await integrationPodService.get(ctx, tenantId, params.externalKey),
    }),
  }),
  route({
    ...common,
    method: 'PUT',
    path: `${PATH}/{externalKey}`,
    operationId: 'putIntegrationPod',
    summary: 'Order the pod of a key, or change its plan and size; the same again does nothing more',
    access: manages,
    body: integrationPodPut,
    replies: answers,
    handler: async (ctx, { params, tenantId, body }) =>
      told(await integrationPodService.put(ctx, tenantId, params.externalKey, body)),
  }),
  route({
    ...common,
    method: 'POST',
    path: `${PATH}/{externalKey}/suspend`,
    operationId: 'suspendIntegrationPod',
    summary: 'Stop a sold pod and keep it off',
    access: manages,
    body: integrationPodSuspend,
    replies: answers,
    handler: async (ctx, { params, tenantId, body }) =>
      told(await integrationPodService.suspend(ctx, tenantId, params.externalKey, body.reason)),
  }),
  route({
    ...common,
    method: 'POST',
    path: `${PATH}/{externalKey}/unsuspend`,
    operationId: 'unsuspendIntegrationPod',
    summary: 'End the suspension of a sold pod and bring it back as it was',
    access: manages,
    replies: answers,
    handler: async (ctx, { params, tenantId }) =>
      told(await integrationPodService.unsuspend(ctx, tenantId, params.externalKey)),
  }),
  route({
    ...common,
    method: 'POST',
    path: `${PATH}/{externalKey}/power`,
    operationId: 'powerIntegrationPod',
    summary: 'Start, stop, shut down or restart a sold pod; a suspended one is not started',
    access: manages,
    body: integrationPodPower,
    replies: answers,
    handler: async (ctx, { params, tenantId, body }) =>
      told(await integrationPodService.power(ctx, tenantId, params.externalKey, body.action)),
  }),
  route({
    ...common,
    method: 'POST',
    path: `${PATH}/{externalKey}/terminate`,
    operationId: 'terminateIntegrationPod',
    summary: 'Delete a sold pod; it is kept for the tenant’s undelete window',
    access: manages,
    replies: answers,
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId }) =>
      told(await integrationPodService.terminate(ctx, tenantId, params.externalKey)),
  }),
]
