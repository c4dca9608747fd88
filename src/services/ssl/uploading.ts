import type { z } from 'zod'
import type { SslCertificate, sslCertificateReplace, sslCertificateUpload } from '../../../shared/api/ssl.ts'
import { canSsl } from '../../../shared/states/ssl.ts'
import type { Ctx } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow } from '../../db/sslCertificates.ts'
import { requireAllowed } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { nameSetOf } from '../../lib/x509/names.ts'
import { CertificateFault, certificatesIn, factsOf, requireChain, requireKeyOf } from '../../lib/x509/read.ts'
import { deliverAll } from './delivering.ts'
import { known, lockKnown, purposeOfKey, say } from './knowing.ts'
import { insert, invalid, readNames, requireProven } from './naming.ts'
import { presentCertificate } from './presenting.ts'
import { factsOfVersion } from './results.ts'

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
  await say(ctx, row, 'SSL_UPLOADED', { fingerprint: facts.fingerprint, notAfter: facts.notAfter })
  await deliverAll(ctx, { ...row, version_id: id })
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
