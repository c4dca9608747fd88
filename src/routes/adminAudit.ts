import { z } from 'zod'
import { auditEvent, auditExport, auditList, auditSeals, auditTimeline } from '../../shared/api/audit.ts'
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
    path: '/api/admin/audit/events/export',
    operationId: 'exportAuditEvents',
    summary: 'Take the log out as a file: JSON Lines that can be verified without mPanel, or CSV',
    tag: 'audit',
    access: { permission: 'audit:export', where: { in: 'list' } },
    stepUp: true,
    query: auditExport,
    replies: { 200: z.string().describe('application/x-ndjson or text/csv, oldest first') },
    handler: async (ctx, { query }) => ({ body: '', download: await auditService.exportEvents(ctx, query) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/audit/timeline',
    operationId: 'getAuditTimeline',
    summary: 'List what happened to a thing and to what belongs to it, newest first',
    tag: 'audit',
    access: { permission: 'audit:read', where: { in: 'any' } },
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
