import type { Acme, AcmeOutcome } from '../integrations/acme/types.ts'
import { sleep } from '../lib/backoff.ts'
import type { IssuePayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import { permanent, waitFor } from './errors.ts'
import type { Run } from './steps.ts'

export type IssueRun = Run<IssuePayload>

/** How long is waited for name servers and the CA, from the start of the job. After that it is tried anew, later. */
const PATIENCE_MS = 20 * 60_000
/** Looks in a row before the worker does something else. */
const LOOKS = 12
const MAX_PAUSE_MS = 5_000

/** How long the job has been at it. */
export const ageMs = ({ job, root }: Pick<IssueRun, 'job' | 'root'>): number =>
  job.started_at === null ? 0 : root.now().getTime() - job.started_at.getTime()

/** Not yet: another worker may take the place until then. @throws JobError */
export function notYet(run: IssueRun, code: string, message: string): never {
  if (ageMs(run) > PATIENCE_MS) throw permanent(code, message)
  throw waitFor(code, message)
}

/** What the CA has answered. A limit ends this attempt: it is planned anew for when the CA wants it. @throws JobError */
export async function answered<T>(run: IssueRun, outcome: AcmeOutcome<T>): Promise<T> {
  if (outcome.outcome === 'ok') return outcome.value
  if (outcome.outcome === 'unknown') notYet(run, 'no_answer', outcome.message)
  const { code, message, retryAfterMs } = outcome
  if (retryAfterMs !== null)
    await run.tx((ctx) => sslService.keepRetryAt(ctx, run.payload.orderId, retryAfterMs))
  if (code === 'rate_limited' || (outcome.retryable && retryAfterMs !== null)) throw permanent(code, message)
  if (outcome.retryable) {
    await run.tx((ctx) => sslService.noteOrderIssuer(ctx, run.payload, message))
    notYet(run, code, message)
  }
  throw permanent(code, message)
}

export const opened = (run: IssueRun): Promise<sslService.Opened> =>
  run.read((ctx) => sslService.open(ctx, run.payload))

/** A client of the panel's account at the issuer. The account is made, or found again by its key, when its address is not known. */
export async function acmeOf(run: IssueRun): Promise<{ acme: Acme; accountUrl: string }> {
  const { issuer } = await opened(run)
  const { id, connection, email, externalAccount, isChanging } = await sslService.ownAccount(
    (work) => run.tx(work),
    issuer,
  )
  if (isChanging) throw waitFor('key_changing', `The key of the account at ${issuer.name} is being changed.`)
  if (connection.accountUrl !== null)
    return { acme: run.root.vendors.acme(connection), accountUrl: connection.accountUrl }
  const { url } = await answered(
    run,
    await run.root.vendors
      .acme(connection)
      .register({ email, ...(externalAccount === null ? {} : { externalAccount }) }, run.signal),
  )
  await run.tx((ctx) => sslService.keepAccountUrl(ctx, id, url))
  return { acme: run.root.vendors.acme({ ...connection, accountUrl: url }), accountUrl: url }
}

/** A CA may lose its accounts (a test CA at each start): then ours is made anew with the same key. */
export async function withAccount<T>(
  run: IssueRun,
  work: (acme: Acme) => Promise<AcmeOutcome<T>>,
): Promise<AcmeOutcome<T>> {
  const first = await work((await acmeOf(run)).acme)
  if (first.outcome !== 'rejected' || first.code !== 'account_missing') return first
  const { issuer } = await opened(run)
  await run.tx(async (ctx) => {
    const account = await sslService.accountFor(ctx, issuer)
    if (account) await sslService.keepAccountUrl(ctx, account.id, null)
  })
  return work((await acmeOf(run)).acme)
}

/** Looks again and again for a short while; then the job waits, and another has its worker. */
export async function look<T>(
  run: IssueRun,
  ask: () => Promise<{ done: T } | { pauseMs: number | null }>,
  message: string,
): Promise<T> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const seen = await ask()
    if ('done' in seen) return seen.done
    const ownMs = run.options.pollTaskMs * (looks + 1)
    await sleep(Math.min(Math.max(ownMs, seen.pauseMs ?? 0), MAX_PAUSE_MS), run.signal)
  }
  return notYet(run, 'validation_late', message)
}
