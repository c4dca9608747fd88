import { z } from 'zod'
import { auditSink, auditSinkCreate, auditSinkMade, auditSinkUpdate } from '../../shared/api/auditSinks.ts'
import { id, idParams, listQuery, page } from '../../shared/api/common.ts'
import * as auditSinkService from '../services/auditSinkService.ts'
import { route, type Route } from './define.ts'

const tag = 'audit'
const manage = { permission: 'audit:manage', where: { in: 'object', kind: 'auditSink' } } as const

export const adminAuditSinks: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/audit/sinks',
    operationId: 'listAuditSinks',
    summary: 'List where events are delivered to, with how far each receiver is behind',
    tag,
    access: { permission: 'audit:manage', where: { in: 'list' } },
    query: listQuery,
    replies: { 200: page(auditSink) },
    handler: async (ctx, { query }) => ({ body: await auditSinkService.list(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/audit/sinks',
    operationId: 'createAuditSink',
    summary: 'Deliver events to a webhook or, for the platform, a syslog receiver',
    tag,
    access: { permission: 'audit:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    stepUp: true,
    answersSecret: true,
    body: auditSinkCreate,
    replies: { 201: auditSinkMade },
    handler: async (ctx, { body }) => ({ status: 201, body: await auditSinkService.create(ctx, body) }),
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/audit/sinks/{id}',
    operationId: 'updateAuditSink',
    summary: 'Rename, pause or resume a sink',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: auditSinkUpdate,
    replies: { 200: auditSink },
    handler: async (ctx, { params, body }) => ({ body: await auditSinkService.update(ctx, params.id, body) }),
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/audit/sinks/{id}',
    operationId: 'deleteAuditSink',
    summary: 'Delete a sink; what it was not given yet is not delivered',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await auditSinkService.remove(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/audit/sinks/{id}/test',
    operationId: 'testAuditSink',
    summary: 'Send one test event',
    tag,
    access: manage,
    params: idParams,
    body: z.strictObject({}),
    replies: { 202: z.object({ jobId: id }) },
    handler: async (ctx, { params }) => {
      const body = await auditSinkService.test(ctx, params.id)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.jobId}` }
    },
  }),
]
