import type { z } from 'zod'
import type { Job } from '../../../shared/api/provisioning.ts'
import type {
  SslCertificate,
  SslCertificateDetail,
  sslCertificateCreate,
  sslCertificateReplace,
  sslCertificateUpload,
} from '../../../shared/api/ssl.ts'
import { canSsl, type RevokeReason } from '../../../shared/states/ssl.ts'
import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow, Filter, VersionRow } from '../../db/sslCertificates.ts'
import * as deployments from '../../db/sslDeployments.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { certificateName, isWildcard, nameSetOf } from '../../lib/x509/names.ts'
import { CertificateFault, certificatesIn, factsOf, requireChain, requireKeyOf } from '../../lib/x509/read.ts'
import * as auditService from '../auditService.ts'
import * as provisioningService from '../provisioningService.ts'
import { enqueueRevoke } from '../sslQueues.ts'
import { getIssuer } from './issuers.ts'
import { begin } from './ordering.ts'
import { presentCertificate, presentDeployment, presentVersion } from './presenting.ts'
import { factsOfVersion, purposeOfKey } from './results.ts'

type Accepted = { certificate: SslCertificate; job: Job }

export async function list(ctx: Ctx, query: Filter & { limit: number; cursor?: string | undefined }) {
  const page = await certificates.listByExpiry(ctx.tx, ctx.scope, query, query)
  return { items: page.items.map(presentCertificate), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
async function known(ctx: Ctx, id: string): Promise<CertificateRow> {
  const row = await certificates.find(ctx.tx, id)
  if (!row) throw notFound('certificate')
  return row
}

async function lockKnown(ctx: Ctx, id: string): Promise<CertificateRow> {
  const { tenant_id } = await known(ctx, id)
  const row = await certificates.lock(ctx.tx, tenant_id, id)
  if (!row) throw notFound('certificate')
  return row
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

const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

function readNames(given: readonly string[]): string[] {
  const names = given.map((text) => {
    const name = certificateName(text)
    if (name === null)
      throw invalid('names', `"${text.slice(0, 100)}" is no name such as www.example.com or *.example.com.`)
    return name
  })
  return [...new Set(names)]
}

/** A name is given to whoever has proven its domain, or one above it. @throws AppError invalid_input */
async function requireProven(ctx: Ctx, tenantId: string, names: readonly string[]): Promise<void> {
  const open = await certificates.unproven(ctx.tx, tenantId, names)
  if (open.length > 0)
    throw invalid(
      'names',
      `The tenant has no verified domain that holds ${open.slice(0, 5).join(', ')}: add the domain and prove it first.`,
    )
}

async function insert(
  ctx: Ctx,
  row: Pick<CertificateRow, 'tenant_id' | 'names' | 'source'> & Partial<CertificateRow>,
): Promise<CertificateRow> {
  const id = newId()
  await certificates
    .insert(ctx.tx, {
      id,
      name_set: nameSetOf(row.names),
      created_at: ctx.now(),
      updated_at: ctx.now(),
      ...row,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'ssl_certificates_once') throw error
      throw new AppError(
        'already_exists',
        'There is a certificate for exactly these names already: renew that one.',
      )
    })
  return known(ctx, id)
}

/**
 * Asks for a certificate. It is issued by a job; a name set is asked for once.
 * @throws AppError invalid_input, already_exists, not_found for its issuer
 */
export async function create(ctx: Ctx, body: z.infer<typeof sslCertificateCreate>): Promise<Accepted> {
  const names = readNames(body.names)
  if (body.challenge === 'http-01' && names.some(isWildcard))
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
  await say(ctx, row, 'SSL_REVOKE_REQUESTED', { details: { versionId: row.version_id, reason } })
  return accepted(ctx, id, await enqueueRevoke(ctx, row, row.version_id, reason))
}

const say = (
  ctx: Ctx,
  row: CertificateRow,
  action: string,
  more: { details?: Record<string, unknown> } = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: row.tenant_id,
    target: { type: 'sslCertificate', id: row.id, label: row.names[0] ?? '' },
    ...more,
  })

type Material = z.infer<typeof sslCertificateReplace>

/** Reads what was uploaded, and tells what is wrong with it. @throws AppError invalid_input */
function readUpload(ctx: Ctx, { chainPem, keyPem }: Material) {
  let path = 'chainPem'
  try {
    const chain = certificatesIn(chainPem)
    const leaf = requireChain(chain)
    path = 'keyPem'
    requireKeyOf(leaf, keyPem)
    path = 'chainPem'
    const facts = factsOf(leaf)
    if (facts.names.length === 0) throw new CertificateFault('The certificate names no host.')
    if (facts.notAfter <= ctx.now())
      throw new CertificateFault(`The certificate ended on ${facts.notAfter.toISOString().slice(0, 10)}.`)
    if (facts.notBefore > ctx.now())
      throw new CertificateFault(
        `The certificate begins on ${facts.notBefore.toISOString().slice(0, 10)} only.`,
      )
    return { chain, leaf, facts, keyPem }
  } catch (error) {
    if (error instanceof CertificateFault) throw invalid(path, error.message)
    throw error
  }
}

async function store(
  ctx: Ctx,
  row: CertificateRow,
  { chain, leaf, keyPem }: ReturnType<typeof readUpload>,
): Promise<void> {
  const id = newId()
  const facts = factsOf(leaf)
  await certificates.insertVersion(ctx.tx, {
    id,
    tenant_id: row.tenant_id,
    certificate_id: row.id,
    key_sealed: ctx.sealer.seal(keyPem, purposeOfKey(id)),
    created_at: ctx.now(),
    ...factsOfVersion(chain),
  })
  await certificates.update(ctx.tx, row.id, {
    state: 'issued',
    version_id: id,
    not_after: facts.notAfter,
    checked_at: null,
    updated_at: ctx.now(),
  })
  await say(ctx, row, 'SSL_UPLOADED', {
    details: { fingerprint: facts.fingerprint, notAfter: facts.notAfter },
  })
}

/** Keeps a certificate that was bought elsewhere. @throws AppError invalid_input with what is wrong, already_exists */
export async function upload(ctx: Ctx, body: z.infer<typeof sslCertificateUpload>): Promise<SslCertificate> {
  const material = readUpload(ctx, body)
  const names = readNames(material.facts.names)
  await requireProven(ctx, body.tenantId, names)
  const row = await insert(ctx, { tenant_id: body.tenantId, names, source: 'uploaded' })
  await store(ctx, row, material)
  return presentCertificate(await known(ctx, row.id))
}

/** The successor of one that was uploaded. @throws AppError not_found, invalid_state, invalid_input */
export async function replace(ctx: Ctx, id: string, body: Material): Promise<SslCertificate> {
  const row = await lockKnown(ctx, id)
  requireAllowed(canSsl.upload(row))
  const material = readUpload(ctx, body)
  if (nameSetOf(readNames(material.facts.names)) !== row.name_set)
    throw invalid(
      'chainPem',
      `It is for other names than ${row.names.join(', ')}: upload it as a certificate of its own.`,
    )
  await store(ctx, row, material)
  return presentCertificate(await known(ctx, id))
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
  const version =
    row.version_id === null
      ? undefined
      : await certificates.findVersion(ctx.tx, row.tenant_id, row.version_id)
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
  await say(ctx, row, 'SSL_KEY_DOWNLOADED', { details: { fingerprint: version.fingerprint } })
  return { pem: version.chain_pem, keyPem: ctx.sealer.open(version.key_sealed, purposeOfKey(version.id)) }
}

/** @throws AppError not_found */
export async function deploymentsOf(ctx: Ctx, id: string) {
  const row = await known(ctx, id)
  return { items: (await deployments.of(ctx.tx, row.tenant_id, id)).map(presentDeployment) }
}

export async function findings(ctx: Ctx, options: ListOptions) {
  const page = await deployments.findings(ctx.tx, ctx.scope, options)
  return { items: page.items.map(presentDeployment), nextCursor: page.nextCursor }
}

/** Has its servers looked at with the timer's next turn. @throws AppError not_found */
export async function requestCheck(ctx: Ctx, id: string): Promise<void> {
  const row = await lockKnown(ctx, id)
  await certificates.update(ctx.tx, id, { checked_at: null })
  await say(ctx, row, 'SSL_CHECK_REQUESTED')
}
