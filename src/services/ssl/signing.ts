import type { Ctx } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import { notFound } from '../../errors.ts'
import { newKey, signWith } from '../../lib/x509/make.ts'
import type { SignPayload } from '../sslQueues.ts'
import { privateIssuer, purposeOfRoot } from './issuers.ts'
import { purposeOfKey } from './knowing.ts'
import { markIssued } from './results.ts'
import { crlUrl, renewCrl } from './revoking.ts'

const LIFE_MS = 90 * 86_400_000
/** Clocks of those who check it may be a little behind. */
const EARLIER_MS = 3_600_000

/** Issues by the CA inside mPanel. */
export async function signPrivately(
  ctx: Ctx,
  { tenantId, certificateId, versionId }: SignPayload,
): Promise<void> {
  const row = await certificates.find(ctx.tx, certificateId)
  if (!row) throw notFound('certificate')
  const issuer = await privateIssuer(ctx)
  if (issuer.crl === null) await renewCrl(ctx)
  const keyPem = await newKey()
  const at = ctx.now().getTime()
  const leaf = await signWith(
    { pem: issuer.root_pem, keyPem: ctx.sealer.open(issuer.key_sealed, purposeOfRoot(issuer.id)) },
    {
      names: row.names,
      keyPem,
      notBefore: new Date(at - EARLIER_MS),
      notAfter: new Date(at + LIFE_MS),
      crlUrl: crlUrl(ctx),
    },
  )
  await markIssued(
    ctx,
    { tenantId, certificateId },
    {
      versionId,
      issuerId: issuer.id,
      chainPem: leaf,
      keySealed: ctx.sealer.seal(keyPem, purposeOfKey(versionId)),
      asksCa: false,
    },
  )
}
