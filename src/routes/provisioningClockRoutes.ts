import { clock, clockAdvance, clockEvents, clockEventsQuery } from '../../shared/api/provisioningClock.ts'
import * as provisioningClockService from '../services/provisioningClockService.ts'
import { route, type Route } from './define.ts'

const tag = 'provisioning'
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

export const provisioningClockRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/provisioning/clock',
    operationId: 'getClock',
    summary: 'Show what time it is for mPanel, and whether it can be advanced',
    tag,
    access: manage,
    replies: { 200: clock },
    handler: async (ctx) => ({ body: await provisioningClockService.show(ctx) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/clock/events',
    operationId: 'getClockEvents',
    summary: 'Show what will happen on which day to all subscriptions and domains, if nobody does anything',
    tag,
    access: manage,
    query: clockEventsQuery,
    replies: { 200: clockEvents },
    handler: async (ctx, { query }) => ({ body: await provisioningClockService.events(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/clock/advance',
    operationId: 'advanceClock',
    summary: 'Let time go on until an instant, day by day, where everything outside is simulated',
    tag,
    access: manage,
    body: clockAdvance,
    replies: { 202: clock },
    handler: async (ctx, { body }) => ({
      status: 202,
      body: await provisioningClockService.advance(ctx, new Date(body.to)),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/clock/stop',
    operationId: 'stopClock',
    summary: 'Let time stand where it is now',
    tag,
    access: manage,
    replies: { 200: clock },
    handler: async (ctx) => ({ body: await provisioningClockService.stop(ctx) }),
  }),
]
