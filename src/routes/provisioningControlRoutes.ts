import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  alert,
  brake,
  brakeDecision,
  limitRequest,
  pauseRequest,
  queueOverview,
  resumeRequest,
  timer,
  worker,
} from '../../shared/api/provisioningControls.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { route, type Route } from './define.ts'

const tag = 'provisioning'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

export const provisioningControlRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/provisioning/queues',
    operationId: 'getQueues',
    summary: 'Show what waits and runs in each queue, what is paused, and how much may run at once',
    tag,
    access: see,
    replies: { 200: queueOverview },
    handler: async (ctx) => ({ body: await provisioningService.queueOverview(ctx) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/queues/pause',
    operationId: 'pauseQueue',
    summary: 'Stop starting jobs of a queue, node or kind; or stop everything (emergency stop)',
    tag,
    access: manage,
    body: pauseRequest,
    replies: { 200: queueOverview },
    handler: async (ctx, { body }) => ({ body: await provisioningService.pause(ctx, body) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/queues/resume',
    operationId: 'resumeQueue',
    summary: 'Start jobs again of what was paused',
    tag,
    access: manage,
    body: resumeRequest,
    replies: { 200: queueOverview },
    handler: async (ctx, { body }) => ({
      body: await provisioningService.resume(ctx, body.what, body.which),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/queues/limits',
    operationId: 'setJobLimit',
    summary: 'Set how many jobs may run at once on a node, or of a cluster’s clones or backups',
    tag,
    access: manage,
    body: limitRequest,
    replies: { 200: queueOverview },
    handler: async (ctx, { body }) => ({
      body: await provisioningService.setLimit(ctx, body.name, body.capacity),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/workers',
    operationId: 'getWorkers',
    summary: 'List the workers with what each is running',
    tag,
    access: see,
    replies: { 200: z.object({ items: z.array(worker) }) },
    handler: async (ctx) => ({ body: { items: await provisioningService.listWorkers(ctx) } }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/timers',
    operationId: 'getTimers',
    summary: 'List the periodic tasks with when each ran last',
    tag,
    access: see,
    replies: { 200: z.object({ items: z.array(timer) }) },
    handler: async (ctx) => ({ body: { items: await provisioningService.listTimers(ctx) } }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/brakes',
    operationId: 'getBrakes',
    summary: 'List automatic actions that would touch unusually many things and wait for a person',
    tag,
    access: see,
    replies: { 200: z.object({ items: z.array(brake) }) },
    handler: async (ctx) => ({ body: { items: await provisioningService.listBrakes(ctx) } }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/brakes/{id}',
    operationId: 'decideBrake',
    summary: 'Let such an action go on within the next day, or dismiss it',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: brakeDecision,
    replies: { 200: brake },
    handler: async (ctx, { params, body }) => ({
      body: await provisioningService.decideBrake(ctx, params.id, body),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/alerts',
    operationId: 'getAlerts',
    summary: 'List what is wrong with the automation now',
    tag,
    access: see,
    replies: { 200: z.object({ items: z.array(alert) }) },
    handler: async (ctx) => ({ body: { items: await provisioningService.listAlerts(ctx) } }),
  }),
]
