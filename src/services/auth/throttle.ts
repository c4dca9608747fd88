import type { Ctx } from '../../context.ts'
import * as log from '../../db/authLog.ts'
import { sha256 } from '../../lib/crypto.ts'

const SECOND_MS = 1_000
const FIRST_MS = 30 * SECOND_MS
const LONGEST_MS = 3_600 * SECOND_MS
const DAY_MS = 86_400 * SECOND_MS
const ANYWHERE = ''

/** From which failure on there is a pause, and after how many more it doubles. */
const PER_NETWORK = { from: 5, doublesAfter: 1 }
const PER_ACCOUNT = { from: 20, doublesAfter: 5 }
/** Softer than for one account: a whole office comes to its provider from one address. */
const PER_PROVIDER = { from: 20, doublesAfter: 5 }

const accountOf = (email: string): Buffer => sha256(`login:${email.toLowerCase()}`)
const providerOf = (id: string): Buffer => sha256(`sso:${id}`)
const networkOf = async (ctx: Ctx): Promise<string> =>
  ctx.ip === undefined ? 'unknown' : log.networkOf(ctx.tx, ctx.ip)

/**
 * Whether this try to log in counts. It is counted before it is judged, so that parallel tries are no way around; a
 * right one is forgiven afterwards. A known device is not held up by what others do to its account.
 */
export async function admit(ctx: Ctx, email: string, knownDevice: boolean): Promise<boolean> {
  const account = accountOf(email)
  if (!(await admitAt(ctx, account, await networkOf(ctx), PER_NETWORK))) return false
  return knownDevice || admitAt(ctx, account, ANYWHERE, PER_ACCOUNT)
}

/** After a whole log-in that took this many tries. */
export async function forgive(ctx: Ctx, email: string, knownDevice: boolean, tries: number): Promise<void> {
  const account = accountOf(email)
  await log.forgiveTries(ctx.tx, account, await networkOf(ctx))
  if (!knownDevice) await log.forgiveTries(ctx.tx, account, ANYWHERE, tries)
}

/**
 * Whether this return from an identity provider counts. Nobody is known yet, so it is counted for the provider and the
 * network it comes from: nobody elsewhere is held up, and no other provider.
 */
export const admitFrom = async (ctx: Ctx, providerId: string): Promise<boolean> =>
  admitAt(ctx, providerOf(providerId), await networkOf(ctx), PER_PROVIDER)

/** Whether this network must wait before it begins with this provider again. Asking is not counted. */
export const isPausedFor = async (ctx: Ctx, providerId: string): Promise<boolean> =>
  log.areTriesBlocked(ctx.tx, providerOf(providerId), await networkOf(ctx), ctx.now())

/** After somebody has come back from a provider as he should. */
export const forgiveFrom = async (ctx: Ctx, providerId: string): Promise<void> =>
  log.forgiveTries(ctx.tx, providerOf(providerId), await networkOf(ctx))

async function admitAt(
  ctx: Ctx,
  account: Buffer,
  network: string,
  { from, doublesAfter }: typeof PER_NETWORK,
): Promise<boolean> {
  const now = ctx.now().getTime()
  const failures = await log.countTry(ctx.tx, account, network, ctx.now(), new Date(now - DAY_MS))
  if (failures === undefined) return false
  if (failures < from) return true
  const pauseMs = Math.min(FIRST_MS * 2 ** Math.floor((failures - from) / doublesAfter), LONGEST_MS)
  await log.blockTries(ctx.tx, account, network, new Date(now + pauseMs))
  return true
}
