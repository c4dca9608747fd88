import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  agentCertificate,
  agentCertificates,
  agentParams,
  agentReport,
  sslDeployments,
  sslTargetCreate,
  sslTargetDelivery,
  sslTargetMade,
  sslTargetParams,
} from '../../shared/api/sslTargets.ts'
import { transaction } from '../context.ts'
import { AppError } from '../errors.ts'
import { originOf } from '../middleware/auth.ts'
import * as sslService from '../services/sslService.ts'
import { requireUnlimited } from './authLimits.ts'
import { route, type Route } from './define.ts'

const tag = 'ssl'
const PATH = '/api/admin/ssl/certificates/{id}/deployments'
const AGENT = '/api/agent/pods/{id}/certificates'
const manage = { permission: 'ssl:manage', where: { in: 'object', kind: 'sslCertificate' } } as const
const install = { permission: 'ssl:install', where: { in: 'object', kind: 'cloudPod' } } as const

/** `"<fingerprint>"`, as it was given before. */
const fingerprintIn = (header: string | undefined): string | undefined =>
  /^(?:W\/)?"([0-9a-f]{64})"$/.exec(header ?? '')?.[1]

/** Where certificates are delivered to, and what programs on pods call. */
export const sslTargetRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'getSslDeployments',
    summary: 'Where a certificate is delivered to, and what was last seen there and where its names point to',
    tag,
    access: { ...manage, permission: 'ssl:read' },
    params: idParams,
    replies: { 200: sslDeployments },
    handler: async (ctx, { params }) => ({ body: await sslService.deploymentsOf(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'addSslTarget',
    summary: 'Deliver a certificate to a pod or a webhook, now and after each renewal',
    tag,
    access: manage,
    stepUp: true,
    answersSecret: true,
    params: idParams,
    body: sslTargetCreate,
    replies: { 201: sslTargetMade },
    handler: async (ctx, { params, body, identity }) => {
      if (body.kind !== 'webhook') requireUnlimited(identity)
      return { status: 201, body: await sslService.addTarget(ctx, identity, params.id, body) }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{targetId}`,
    operationId: 'removeSslTarget',
    summary: 'Deliver nothing new to a target; what it has stays there',
    tag,
    access: manage,
    params: sslTargetParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await sslService.removeTarget(ctx, params.id, params.targetId)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/{targetId}/deliver`,
    operationId: 'deliverSslTarget',
    summary: 'Deliver the current version once more',
    tag,
    access: manage,
    params: sslTargetParams,
    replies: { 202: sslTargetDelivery },
    handler: async (ctx, { params }) => {
      const body = await sslService.deliverAgain(ctx, params.id, params.targetId)
      return {
        status: 202,
        body,
        ...(body.jobId !== null && { location: `/api/admin/provisioning/jobs/${body.jobId}` }),
      }
    },
  }),
  route({
    method: 'GET',
    path: AGENT,
    operationId: 'getAgentCertificates',
    summary: 'What an agent on a pod is to install',
    tag,
    access: install,
    params: idParams,
    replies: { 200: agentCertificates },
    handler: async (ctx, { params, tenantId }) => ({
      body: await sslService.certificatesForAgent(ctx, { tenantId, podId: params.id }),
    }),
  }),
  {
    method: 'GET',
    path: `${AGENT}/{certificateId}`,
    operationId: 'fetchAgentCertificate',
    summary:
      'A certificate with its private key, for an agent with an API key; 304 for a version that it has',
    tag,
    access: install,
    answersSecret: true,
    params: agentParams,
    replies: { 200: agentCertificate, 304: z.null() },
    raw: async (root, request, reply, identity, tenantId) => {
      if (identity?.via !== 'api_key')
        throw new AppError(
          'forbidden',
          'Only an API key may do this: a person downloads the key on the page of the certificate.',
        )
      const { id: podId, certificateId } = request.params as z.infer<typeof agentParams>
      const has = fingerprintIn(request.headers['if-none-match'])
      const found = await transaction(root, originOf(request, identity), [tenantId], (ctx) =>
        sslService.fetchByAgent(ctx, { tenantId, podId, certificateId }, has),
      )
      if (found === null) return reply.code(304).send()
      return reply.header('etag', `"${found.fingerprint}"`).send(found)
    },
  },
  route({
    method: 'POST',
    path: `${AGENT}/{certificateId}/report`,
    operationId: 'reportAgentCertificate',
    summary: 'What has come of installing a certificate',
    tag,
    access: install,
    whileSuspended: true,
    params: agentParams,
    body: agentReport,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId, body }) => {
      await sslService.reportByAgent(
        ctx,
        { tenantId, podId: params.id, certificateId: params.certificateId },
        body,
      )
      return { status: 204, body: null }
    },
  }),
]
