import type { Ctx } from '../../context.ts'
import * as domains from '../../db/domains.ts'
import type { DomainRow } from '../../db/domains.ts'
import { notFound } from '../../errors.ts'
import * as auditService from '../auditService.ts'

/** @throws AppError not_found */
export async function lockDomain(ctx: Ctx, tenantId: string, id: string): Promise<DomainRow> {
  const row = await domains.lock(ctx.tx, tenantId, id)
  if (!row) throw notFound('domain')
  return row
}

/** Records what was done about a domain. */
export const emit = (
  ctx: Ctx,
  row: Pick<DomainRow, 'id' | 'tenant_id' | 'unicode_name'>,
  action: string,
  diff: Record<string, [unknown, unknown]> = {},
  details: Record<string, unknown> = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: row.tenant_id,
    target: { type: 'domain', id: row.id, label: row.unicode_name },
    diff,
    details,
  })
