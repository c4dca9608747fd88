import { REVOKE_REASONS, type RevokeReason } from '../../../shared/states/ssl.ts'
import type { Ctx } from '../../context.ts'
import * as issuers from '../../db/sslIssuers.ts'
import { notFound } from '../../errors.ts'
import { makeCrl } from '../../lib/x509/make.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { privateIssuer, purposeOfRoot } from './issuers.ts'

/** What the private CA has revoked: a list that is signed anew with each revocation, and twice a day. */

const HOUR_MS = 3_600_000
const EVERY_MS = 12 * HOUR_MS
const LIFE_MS = 48 * HOUR_MS

/** Where everybody reads it; it stands in the certificates of the private CA. */
export const crlUrl = ({ settings }: Pick<Ctx, 'settings'>): string =>
  `${settings.publicUrl}/pki/private-ca.crl`

/** Signs the list as it is now. Whatever tenant it is about, it holds what was revoked of all. */
export const renewCrl = (ctx: Ctx): Promise<void> =>
  tenantScopeService.asPlatform(ctx, async (wide) => {
    const { id } = await privateIssuer(wide)
    const issuer = await issuers.lockPrivate(wide.tx, id)
    if (!issuer?.root_pem || !issuer.key_sealed) throw new Error('there is no private CA')
    const now = wide.now()
    const number = issuer.crl_number + 1
    const crl = await makeCrl(
      { pem: issuer.root_pem, keyPem: wide.sealer.open(issuer.key_sealed, purposeOfRoot(id)) },
      {
        number,
        thisUpdate: now,
        nextUpdate: new Date(now.getTime() + LIFE_MS),
        revoked: (await issuers.revokedOf(wide.tx, id, now)).map(
          ({ serial, revoked_at: at, revoke_reason: reason }) => ({
            serial,
            at,
            reason: REVOKE_REASONS[reason as RevokeReason] ?? 0,
          }),
        ),
      },
    )
    await issuers.update(wide.tx, id, { crl, crl_number: number, crl_at: now })
  })

/** The list is renewed long before it ends. */
export async function renewCrlIfDue(ctx: Ctx): Promise<void> {
  const issuer = await issuers.privateOne(ctx.tx)
  if (!issuer) return
  if (issuer.crl_at === null || ctx.now().getTime() - issuer.crl_at.getTime() > EVERY_MS) await renewCrl(ctx)
}

/** @throws AppError not_found before the private CA was used */
export async function privateCrl(ctx: Ctx): Promise<Buffer> {
  const issuer = await issuers.privateOne(ctx.tx)
  if (!issuer?.crl)
    throw notFound('revocation list yet: it is made with the first certificate of the private CA')
  return issuer.crl
}
