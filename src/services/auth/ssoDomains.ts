import type { SsoProvider } from '../../../shared/api/authSso.ts'
import type { Ctx } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import { violatedConstraint } from '../../db/index.ts'
import { AppError } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import { recordOf } from '../domainProofs.ts'

/** The e-mail domains of identity providers, and how it is proven whose they are. */

export const target = (id: string, name: string) => ({ type: 'ssoProvider', id, label: name })

export const shownProofs = (row: db.ProviderRow): SsoProvider['domainProofs'] =>
  row.proofs.map(({ domain, proof, provenAt, fault }) => ({
    domain,
    provenAt: provenAt === null ? null : new Date(provenAt).toISOString(),
    ...recordOf(domain, proof),
    fault,
  }))

/** Makes these the domains of a provider. @throws AppError already_exists */
export const keepDomains = (
  ctx: Ctx,
  provider: { id: string; tenantId: string | null },
  domains: readonly string[],
): Promise<void> =>
  // The platform says so of its own; whoever has a tenant only shows it.
  db
    .replaceDomains(ctx.tx, { ...provider, provenAt: provider.tenantId === null ? ctx.now() : null }, [
      ...new Set(domains),
    ])
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'sso_domains_proven') throw error
      const message = 'One of these domains leads to another identity provider already.'
      throw new AppError('already_exists', message, { errors: [{ path: 'domains', message }] })
    })

/** Writes down what a check has found. */
export async function decide(
  ctx: Ctx,
  row: db.ProviderRow,
  domain: string,
  fault: string | null,
): Promise<void> {
  if (fault !== null) return db.noteDomainFault(ctx.tx, row.id, domain, fault)
  if (!(await db.proveDomain(ctx.tx, row.id, domain, ctx.now())))
    return db.noteDomainFault(
      ctx.tx,
      row.id,
      domain,
      'The domain leads to another identity provider already.',
    )
  await auditService.record(ctx, {
    action: 'SSO_DOMAIN_PROVEN',
    tenantId: row.tenant_id,
    target: target(row.id, row.name),
    details: { domain },
  })
}
