import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuditExport } from '../../shared/api/audit.ts'
import { transaction, type Root } from '../context.ts'
import { AppError } from '../errors.ts'
import { originOf } from '../middleware/auth.ts'
import { permittedScope, visibleScope } from '../middleware/rbac.ts'
import * as auditService from '../services/auditService.ts'
import * as tenantScopeService from '../services/tenantScopeService.ts'
import type { Identity } from '../services/userService.ts'

const TYPES = { jsonl: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' } as const

/** The log as a file, page by page while it is sent. That it was asked for is an event before the first byte goes. */
export async function exportAuditEvents(
  root: Root,
  request: FastifyRequest,
  reply: FastifyReply,
  identity: Identity | undefined,
): Promise<unknown> {
  if (!identity) throw new AppError('unauthenticated', 'Log in first.')
  const { format, tenantId, ...filter } = request.query as AuditExport
  const origin = originOf(request, identity)
  const scope = await transaction(root, origin, visibleScope(identity), async (ctx) => {
    const permitted = permittedScope(identity, 'audit:export')
    const asked = await tenantScopeService.listScope(ctx, permitted, tenantId)
    await auditService.recordExport(ctx, asked, { format, ...filter })
    return asked
  })
  const lines = auditService.exportText({ root, origin, scope, filter }, format)
  const name = `audit-${root.now().toISOString().slice(0, 19).replaceAll(':', '')}.${format}`
  return reply
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('cache-control', 'no-store')
    .type(TYPES[format])
    .send(Readable.from(lines, { objectMode: false }))
}
