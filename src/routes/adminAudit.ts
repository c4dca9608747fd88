import { auditEvent, auditList, auditSeals, auditTimeline } from '../../shared/api/audit.ts'
import { page } from '../../shared/api/common.ts'
import * as auditService from '../services/auditService.ts'
import { route, type Route } from './define.ts'

export const adminAudit: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/audit/events',
    operationId: 'listAuditEvents',
    summary: 'List what happened, newest first',
    tag: 'audit',
    access: { permission: 'audit:read', where: { in: 'list' } },
    query: auditList,
    replies: { 200: page(auditEvent) },
    handler: async (ctx, { query }) => ({ body: await auditService.list(ctx, query, query) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/audit/timeline',
    operationId: 'getAuditTimeline',
    summary: 'List what happened to a thing and to what belongs to it, newest first',
    tag: 'audit',
    access: { permission: 'audit:read', where: { in: 'list' } },
    query: auditTimeline,
    replies: { 200: page(auditEvent) },
    handler: async (ctx, { query }) => ({ body: await auditService.timeline(ctx, query, query) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/audit/checkpoints',
    operationId: 'getAuditCheckpoints',
    summary: 'Show how far the log is sealed, and the latest signed batches',
    tag: 'audit',
    access: { permission: 'audit:read', where: { in: 'platform' } },
    replies: { 200: auditSeals },
    handler: async (ctx) => ({ body: await auditService.seals(ctx) }),
  }),
]
