import type { Ctx } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow, VersionRow } from '../../db/sslCertificates.ts'
import { AppError, notFound } from '../../errors.ts'
import { isLost } from '../../lib/crypto.ts'
import * as auditService from '../auditService.ts'

/** A version's key is sealed for it alone. */
export const purposeOfKey = (versionId: string): string => `sslKey:${versionId}`

/** The private key of a version, opened. @throws AppError secret_lost */
export function keyOf({ sealer }: Pick<Ctx, 'sealer'>, version: { id: string; key_sealed: Buffer }): string {
  if (isLost(version.key_sealed))
    throw new AppError(
      'secret_lost',
      'The private key of this certificate was lost with the secret key of mPanel: renew it, or upload it again.',
    )
  return sealer.open(version.key_sealed, purposeOfKey(version.id))
}

/** @throws AppError not_found */
export async function known(ctx: Ctx, id: string): Promise<CertificateRow> {
  const row = await certificates.find(ctx.tx, id)
  if (!row) throw notFound('certificate')
  return row
}

/** @throws AppError not_found */
export async function lockKnown(ctx: Ctx, id: string): Promise<CertificateRow> {
  const { tenant_id: tenantId } = await known(ctx, id)
  return lock(ctx, { tenantId, certificateId: id })
}

/** @throws AppError not_found */
export async function lock(
  ctx: Ctx,
  { tenantId, certificateId }: { tenantId: string; certificateId: string },
): Promise<CertificateRow> {
  const row = await certificates.lock(ctx.tx, tenantId, certificateId)
  if (!row) throw notFound('certificate')
  return row
}

/** The version that is in force; undefined before the first one. */
export const versionInForce = (ctx: Ctx, row: CertificateRow): Promise<VersionRow | undefined> =>
  row.version_id === null
    ? Promise.resolve(undefined)
    : certificates.findVersion(ctx.tx, row.tenant_id, row.version_id)

/** Writes down what happened to a certificate. */
export const say = (
  ctx: Ctx,
  row: Pick<CertificateRow, 'id' | 'tenant_id' | 'names'>,
  action: string,
  details: Record<string, unknown> = {},
  outcome: 'success' | 'error' = 'success',
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: row.tenant_id,
    target: { type: 'sslCertificate', id: row.id, label: row.names[0] ?? '' },
    outcome,
    details,
  })
