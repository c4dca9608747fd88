import type { Ctx } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import { nameSetOf } from '../../lib/x509/names.ts'
import { create } from './certificates.ts'
import { readWanted } from './naming.ts'

/**
 * A certificate for exactly these names: the one there is, or a new one that is asked for.
 * @throws AppError invalid_input, invalid_state
 */
export async function ensure(
  ctx: Ctx,
  tenantId: string,
  given: readonly string[],
): Promise<{ id: string; jobId: string | null }> {
  const names = readWanted(given)
  const known = await certificates.withNames(ctx.tx, tenantId, nameSetOf(names))
  if (known) return { id: known.id, jobId: null }
  const asked = { tenantId, names, issuerId: null, challenge: 'auto' as const }
  const { certificate, job } = await create(ctx, asked)
  return { id: certificate.id, jobId: job.id }
}

/** What is known of a certificate in one word. */
export const stateOf = async (ctx: Ctx, id: string): Promise<string | null> =>
  (await certificates.find(ctx.tx, id))?.state ?? null
