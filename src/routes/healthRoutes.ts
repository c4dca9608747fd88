import { z } from 'zod'
import { systemOrigin, transaction } from '../context.ts'
import { AppError } from '../errors.ts'
import { identify } from '../middleware/auth.ts'
import { requirePermission } from '../middleware/rbac.ts'
import * as provisioningService from '../services/provisioningService.ts'
import type { Route } from './define.ts'

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/
const state = z.object({ status: z.string() })

export const healthRoutes: Route[] = [
  {
    method: 'GET',
    path: '/healthz',
    operationId: 'healthz',
    summary: 'Whether this process answers',
    tag: 'operation',
    access: 'public',
    uncounted: true,
    replies: { 200: state },
    raw: async () => ({ status: 'ok' }),
  },
  {
    method: 'GET',
    path: '/readyz',
    operationId: 'readyz',
    summary: 'Whether this process can serve: database reachable, schema current',
    tag: 'operation',
    access: 'public',
    uncounted: true,
    replies: { 200: state, 503: state },
    raw: async (root, _request, reply) => {
      const ready = await provisioningService.readiness(root)
      if (ready !== 'ok') void reply.code(503)
      return { status: ready }
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    operationId: 'metrics',
    summary: 'Prometheus metrics, for addresses of this machine and for infrastructure:read',
    tag: 'operation',
    access: 'public',
    uncounted: true,
    replies: { 200: z.string() },
    raw: async (root, request, reply) => {
      // A proxy on this machine speaks for somebody else.
      const proxied = request.headers['x-forwarded-for'] ?? request.headers.forwarded
      if (proxied !== undefined || !LOOPBACK.test(request.ip)) {
        const identity = await identify(root, request)
        if (!identity)
          throw new AppError('unauthenticated', 'Metrics are for this machine, or with an API key.')
        requirePermission(identity, 'infrastructure:read', null)
      }
      const text = await transaction(
        root,
        systemOrigin('metrics', request.id),
        'platform',
        provisioningService.metrics,
      )
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text)
    },
  },
]
