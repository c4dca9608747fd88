import type { z } from 'zod'
import type { agentCertificate, agentCertificates, agentReport } from '../../../shared/api/sslTargets.ts'
import type { Ctx } from '../../context.ts'
import * as targets from '../../db/sslTargets.ts'
import type { TargetRow } from '../../db/sslTargets.ts'
import type { CertificateRow, VersionRow } from '../../db/sslCertificates.ts'
import { AppError, notFound } from '../../errors.ts'
import { markDelivered, markDeliveryFailed } from './delivering.ts'
import { known, keyOf, say, versionInForce } from './knowing.ts'

/** Programs on pods that fetch certificates by themselves, with an API key that is limited to their pod. */

type Of = { tenantId: string; podId: string }
type Certificate = Of & { certificateId: string }

export async function certificatesForAgent(
  ctx: Ctx,
  { tenantId, podId }: Of,
): Promise<z.infer<typeof agentCertificates>> {
  const rows = await targets.forAgentsOf(ctx.tx, tenantId, podId)
  return {
    items: rows.map(({ id, names, fingerprint, not_after: notAfter, installed }) => ({
      id,
      names,
      fingerprint,
      notAfter: notAfter.toISOString(),
      installed,
    })),
  }
}

/** Only what is delivered to the pod: whether there are other certificates is not told. @throws AppError not_found */
async function opened(
  ctx: Ctx,
  of: Certificate,
): Promise<{ target: TargetRow; row: CertificateRow; version: VersionRow }> {
  const target = await targets.forAgent(ctx.tx, of)
  if (!target) throw notFound('certificate')
  const row = await known(ctx, of.certificateId)
  const version = await versionInForce(ctx, row)
  if (!version || row.state !== 'issued') throw notFound('certificate')
  return { target, row, version }
}

/**
 * The certificate with its key; who takes it is written down. Null when the agent says that it has this version.
 * @throws AppError not_found
 */
export async function fetchByAgent(
  ctx: Ctx,
  of: Certificate,
  has: string | undefined,
): Promise<z.infer<typeof agentCertificate> | null> {
  const { target, row, version } = await opened(ctx, of)
  if (has === version.fingerprint) return null
  await say(ctx, row, 'SSL_KEY_FETCHED', {
    podId: of.podId,
    target: target.name,
    fingerprint: version.fingerprint,
  })
  return {
    id: row.id,
    names: row.names,
    fingerprint: version.fingerprint,
    notAfter: version.not_after.toISOString(),
    chainPem: version.chain_pem,
    keyPem: keyOf(ctx, version),
  }
}

/** What an agent says that has come of it; whether it is served is looked at as well. @throws AppError not_found, conflict */
export async function reportByAgent(
  ctx: Ctx,
  of: Certificate,
  report: z.infer<typeof agentReport>,
): Promise<void> {
  const { target, version } = await opened(ctx, of)
  if (report.fingerprint !== version.fingerprint)
    throw new AppError('conflict', 'There is another version meanwhile: fetch and install that one.')
  const payload = { tenantId: of.tenantId, certificateId: of.certificateId, targetId: target.id }
  if (report.ok) await markDelivered(ctx, payload, version)
  else
    await markDeliveryFailed(ctx, payload, {
      code: 'agent_failed',
      message: report.message || 'The agent could not install it, and does not say why.',
    })
}
