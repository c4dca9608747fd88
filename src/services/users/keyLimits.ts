import type { Ctx } from '../../context.ts'
import { wholesOf, type Thing } from '../../db/tenantScope.ts'
import { AppError } from '../../errors.ts'
import type { Identity } from './rights.ts'

/** A job of a pod of a subscription of a customer is the longest way there is. */
const LONGEST = 4

/** Whether a thing is one of those named, or is found through one of them. */
export async function isNamed(
  { tx }: Pick<Ctx, 'tx'>,
  named: readonly Thing[],
  thing: Thing,
): Promise<boolean> {
  let level = [thing]
  for (let step = 0; step < LONGEST && level.length > 0; step++) {
    if (level.some((one) => named.some(({ type, id }) => type === one.type && id === one.id))) return true
    level = (await Promise.all(level.map((one) => wholesOf(tx, one)))).flat()
  }
  return false
}

/**
 * A key that is limited to named things is told the same about all others, whether they exist or not.
 * @throws AppError forbidden
 */
export async function requireNamed(ctx: Ctx, { resources }: Identity, thing: Thing): Promise<void> {
  if (resources.length === 0 || (await isNamed(ctx, resources, thing))) return
  throw new AppError('forbidden', 'This API key is limited to certain things, and this is none of them.')
}
