import { z } from 'zod'
import {
  auditWebhook,
  auditWebhookCreate,
  auditWebhookDelivery,
  auditWebhookDeliveryList,
  auditWebhookMade,
  auditWebhookReplay,
  auditWebhookRotate,
  auditWebhookUpdate,
} from '../../shared/api/auditWebhooks.ts'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import * as auditWebhookService from '../services/auditWebhookService.ts'
import { route, type Route } from './define.ts'

const tag = 'audit'
const PATH = '/api/admin/audit/webhooks'
const DELIVERIES = '/api/admin/audit/webhook-deliveries'
const listed = { permission: 'audit:manage', where: { in: 'list' } } as const
const manage = { permission: 'audit:manage', where: { in: 'object', kind: 'auditWebhook' } } as const

export const adminAuditWebhooks: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listAuditWebhooks',
    summary: 'List the webhooks that are told of events, with what waits for each',
    tag,
    access: listed,
    query: listQuery,
    replies: { 200: page(auditWebhook) },
    handler: async (ctx, { query }) => ({ body: await auditWebhookService.list(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createAuditWebhook',
    summary: 'Tell a program of chosen kinds of events, or of all',
    tag,
    access: { permission: 'audit:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    stepUp: true,
    answersSecret: true,
    body: auditWebhookCreate,
    replies: { 201: auditWebhookMade },
    handler: async (ctx, { body }) => {
      const made = await auditWebhookService.create(ctx, body)
      return { status: 201, body: made, location: `${PATH}/${made.id}`, version: made.version }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getAuditWebhook',
    summary: 'Show a webhook',
    tag,
    access: manage,
    params: idParams,
    replies: { 200: auditWebhook },
    handler: async (ctx, { params }) => {
      const body = await auditWebhookService.find(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateAuditWebhook',
    summary: 'Change, disable or enable a webhook',
    tag,
    access: manage,
    stepUp: true,
    versioned: true,
    params: idParams,
    body: auditWebhookUpdate,
    replies: { 200: auditWebhook },
    handler: async (ctx, { params, body: change, ifMatch }) => {
      const body = await auditWebhookService.update(ctx, params.id, change, ifMatch)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'deleteAuditWebhook',
    summary: 'Delete a webhook with its deliveries; what waits is not delivered',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await auditWebhookService.remove(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/secret`,
    operationId: 'rotateAuditWebhookSecret',
    summary: 'Give a webhook a new secret; the present one signs beside it for a while',
    tag,
    access: manage,
    stepUp: true,
    answersSecret: true,
    params: idParams,
    body: auditWebhookRotate,
    replies: { 200: auditWebhookMade },
    handler: async (ctx, { params, body }) => ({
      body: await auditWebhookService.rotate(ctx, params.id, body.overlapHours),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/test`,
    operationId: 'testAuditWebhook',
    summary: 'Send one test event',
    tag,
    access: manage,
    params: idParams,
    body: z.strictObject({}),
    replies: { 202: auditWebhookDelivery },
    handler: async (ctx, { params }) => ({
      status: 202,
      body: await auditWebhookService.test(ctx, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/replay`,
    operationId: 'replayAuditWebhook',
    summary: 'Deliver again all that was given up since a time',
    tag,
    access: manage,
    params: idParams,
    body: auditWebhookReplay,
    replies: { 200: z.object({ replayed: z.number().int() }) },
    handler: async (ctx, { params, body }) => ({
      body: await auditWebhookService.replayFailed(ctx, params.id, body.since),
    }),
  }),
  route({
    method: 'GET',
    path: DELIVERIES,
    operationId: 'listAuditWebhookDeliveries',
    summary: 'List deliveries with their attempts and what the receiver said; kept for thirty days',
    tag,
    access: listed,
    query: auditWebhookDeliveryList,
    replies: { 200: page(auditWebhookDelivery) },
    handler: async (ctx, { query }) => ({ body: await auditWebhookService.listDeliveries(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: `${DELIVERIES}/{id}/replay`,
    operationId: 'replayAuditWebhookDelivery',
    summary: 'Deliver one event once more',
    tag,
    access: {
      permission: 'audit:manage',
      where: { in: 'object', kind: 'auditWebhookDelivery' },
    },
    params: idParams,
    body: z.strictObject({}),
    replies: { 202: auditWebhookDelivery },
    handler: async (ctx, { params }) => ({
      status: 202,
      body: await auditWebhookService.replay(ctx, params.id),
    }),
  }),
]
