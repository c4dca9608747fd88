import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow } from '../../db/sslCertificates.ts'
import { AppError } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { certificateName, covers, isWildcard, nameSetOf } from '../../lib/x509/names.ts'
import { known } from './knowing.ts'

export const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

/** Names as certificates carry them, each once. @throws AppError invalid_input */
export function readNames(given: readonly string[]): string[] {
  const names = given.map((text) => {
    const name = certificateName(text)
    if (name === null)
      throw invalid('names', `"${text.slice(0, 100)}" is no name such as www.example.com or *.example.com.`)
    return name
  })
  return [...new Set(names)]
}

/**
 * Names to be asked of a CA, without what a wildcard among them covers: CAs refuse an order for both (Boulder's policy of
 * redundant names).
 * @throws AppError invalid_input
 */
export function readWanted(given: readonly string[]): string[] {
  const names = readNames(given)
  const wildcards = names.filter(isWildcard)
  return names.filter((name) => isWildcard(name) || !covers(wildcards, name))
}

/** A name is given to whoever has proven its domain, or one above it. @throws AppError invalid_input */
export async function requireProven(ctx: Ctx, tenantId: string, names: readonly string[]): Promise<void> {
  const open = await certificates.unproven(ctx.tx, tenantId, names)
  if (open.length > 0)
    throw invalid(
      'names',
      `The tenant has no verified domain that holds ${open.slice(0, 5).join(', ')}: add the domain and prove it first.`,
    )
}

/** @throws AppError already_exists */
export async function insert(
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
