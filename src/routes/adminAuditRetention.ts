import { z } from 'zod'
import { auditHold, auditHoldPlace, auditRetention } from '../../shared/api/auditRetention.ts'
import { idParams } from '../../shared/api/common.ts'
import * as auditRetentionService from '../services/auditRetentionService.ts'
import { route, type Route } from './define.ts'

const tag = 'audit'
const manage = { permission: 'audit:manage', where: { in: 'platform' } } as const

export const adminAuditRetention: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/audit/retention',
    operationId: 'getAuditRetention',
    summary: 'Show how long events are kept, what was archived, and the legal holds',
    tag,
    access: manage,
    replies: { 200: auditRetention },
    handler: async (ctx) => ({ body: await auditRetentionService.show(ctx) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/audit/holds',
    operationId: 'placeAuditHold',
    summary: 'Place a legal hold: months with events of this stay in the database',
    tag,
    access: manage,
    stepUp: true,
    body: auditHoldPlace,
    replies: { 201: auditHold },
    handler: async (ctx, { body }) => ({
      status: 201,
      body: await auditRetentionService.placeHold(ctx, body),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/audit/holds/{id}/release',
    operationId: 'releaseAuditHold',
    summary: 'Release a legal hold',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: z.strictObject({}),
    replies: { 200: auditHold },
    handler: async (ctx, { params }) => ({ body: await auditRetentionService.releaseHold(ctx, params.id) }),
  }),
]
