import type { z } from 'zod'
import type { Job } from '../../../shared/api/provisioning.ts'
import type { SslCertificate, SslCertificateDetail, sslCertificateCreate } from '../../../shared/api/ssl.ts'
import { canSsl, type RevokeReason } from '../../../shared/states/ssl.ts'
import type { Ctx } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow, Filter, VersionRow } from '../../db/sslCertificates.ts'
import { notFound, requireAllowed } from '../../errors.ts'
import { isWildcard } from '../../lib/x509/names.ts'
import { certificatesIn, factsOf } from '../../lib/x509/read.ts'
import * as provisioningService from '../provisioningService.ts'
import { enqueueRevoke } from '../sslQueues.ts'
import { getIssuer } from './issuers.ts'
import { known, lockKnown, keyOf, say, versionInForce } from './knowing.ts'
import { insert, invalid, readWanted, requireProven } from './naming.ts'
import { begin } from './ordering.ts'
import { presentCertificate, presentVersion } from './presenting.ts'

type Accepted = { certificate: SslCertificate; job: Job }

export async function list(ctx: Ctx, query: Filter & { limit: number; cursor?: string | undefined }) {
  const page = await certificates.listByExpiry(ctx.tx, ctx.scope, query, query)
  return { items: page.items.map(presentCertificate), nextCursor: page.nextCursor }
}

/** With its versions and the chain that is in force. @throws AppError not_found */
export async function get(ctx: Ctx, id: string): Promise<SslCertificateDetail> {
  const row = await known(ctx, id)
  const versions = await certificates.versionsOf(ctx.tx, row.tenant_id, id)
  const current = versions.find((version) => version.id === row.version_id)
  const chain = current === undefined ? [] : certificatesIn(current.chain_pem).map(factsOf)
  return {
    ...presentCertificate(row),
    versions: versions.map(presentVersion),
    chain: chain.map(({ subjectName, issuerName, notAfter, fingerprint, keyType }) => ({
      subject: subjectName,
      issuer: issuerName,
      notAfter: notAfter.toISOString(),
      fingerprint,
      keyType,
    })),
  }
}

/**
 * Asks for a certificate. It is issued by a job; a name set is asked for once.
 * @throws AppError invalid_input, already_exists, not_found for its issuer
 */
export async function create(ctx: Ctx, body: z.infer<typeof sslCertificateCreate>): Promise<Accepted> {
  const names = readWanted(body.names)
  if (body.challenge === 'tls-alpn-01' && !ctx.settings.provesByTls)
    throw invalid(
      'challenge',
      'mPanel does not answer by TLS here: set MPANEL_TLS_ALPN_LISTEN, or choose another proof.',
    )
  if (body.challenge !== 'auto' && body.challenge !== 'dns-01' && names.some(isWildcard))
    throw invalid('challenge', 'A wildcard is proven by DNS only: choose dns-01, or let mPanel choose.')
  await requireProven(ctx, body.tenantId, names)
  if (body.issuerId !== null) await getIssuer(ctx, body.issuerId)
  const row = await insert(ctx, {
    tenant_id: body.tenantId,
    names,
    source: 'issued',
    issuer_id: body.issuerId,
    challenge: body.challenge,
  })
  return accepted(ctx, row.id, await begin(ctx, row, 'request'))
}

const accepted = async (ctx: Ctx, id: string, job: { id: string }): Promise<Accepted> => ({
  certificate: presentCertificate(await known(ctx, id)),
  job: await provisioningService.getJob(ctx, job.id),
})

/** Has it issued anew at once, whatever the timer says. @throws AppError not_found, invalid_state, invalid_input */
export async function renew(ctx: Ctx, id: string): Promise<Accepted> {
  const row = await lockKnown(ctx, id)
  requireAllowed(canSsl.renew(row))
  await requireProven(ctx, row.tenant_id, row.names)
  return accepted(ctx, id, await begin(ctx, row, 'person'))
}

/** @throws AppError not_found, invalid_state */
export async function revoke(ctx: Ctx, id: string, reason: RevokeReason): Promise<Accepted> {
  const row = await lockKnown(ctx, id)
  requireAllowed(canSsl.revoke(row))
  if (row.version_id === null) throw notFound('version')
  await certificates.update(ctx.tx, id, { action: 'revoke', updated_at: ctx.now() })
  await say(ctx, row, 'SSL_REVOKE_REQUESTED', { versionId: row.version_id, reason })
  return accepted(ctx, id, await enqueueRevoke(ctx, row, row.version_id, reason))
}

/** Nothing is renewed or looked at any more; what is installed somewhere goes on. @throws AppError not_found, invalid_state */
export async function remove(ctx: Ctx, id: string): Promise<void> {
  const row = await lockKnown(ctx, id)
  requireAllowed(canSsl.remove(row))
  await certificates.update(ctx.tx, id, {
    state: 'removed',
    due_at: null,
    ari_poll_at: null,
    updated_at: ctx.now(),
  })
  await say(ctx, row, 'SSL_REMOVED')
}

/** @throws AppError not_found, invalid_state */
async function currentVersion(ctx: Ctx, row: CertificateRow): Promise<VersionRow> {
  requireAllowed(canSsl.download(row))
  const version = await versionInForce(ctx, row)
  if (!version) throw notFound('version')
  return version
}

/** @throws AppError not_found, invalid_state */
export async function chainOf(ctx: Ctx, id: string): Promise<{ pem: string }> {
  return { pem: (await currentVersion(ctx, await known(ctx, id))).chain_pem }
}

/** With the private key: whoever takes it is written down. @throws AppError not_found, invalid_state */
export async function takeKey(ctx: Ctx, id: string): Promise<{ pem: string; keyPem: string }> {
  const row = await known(ctx, id)
  const version = await currentVersion(ctx, row)
  await say(ctx, row, 'SSL_KEY_DOWNLOADED', { fingerprint: version.fingerprint })
  return { pem: version.chain_pem, keyPem: keyOf(ctx, version) }
}

/** Has its servers looked at with the timer's next turn. @throws AppError not_found */
export async function requestCheck(ctx: Ctx, id: string): Promise<void> {
  const row = await lockKnown(ctx, id)
  await certificates.update(ctx.tx, id, { checked_at: null })
  await say(ctx, row, 'SSL_CHECK_REQUESTED')
}
