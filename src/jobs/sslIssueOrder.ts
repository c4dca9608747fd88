import { withoutWildcard } from '../lib/x509/names.ts'
import * as sslService from '../services/sslService.ts'
import { JobError, permanent, waitFor } from './errors.ts'
import { acmeOf, answered, opened, withAccount, type IssueRun } from './sslIssueAccount.ts'
import type { Found } from './steps.ts'

type Checked = { hasAri: boolean; profiles: string[] }

/** What is known to fail is not asked for: names that are no longer the tenant's, and those that CAA records keep from this CA. */
export async function precheck(run: IssueRun): Promise<Checked> {
  const { certificate } = await opened(run)
  const open = await run.read((ctx) => sslService.unprovenNames(ctx, certificate))
  if (open.length > 0)
    throw permanent(
      'domain_not_proven',
      `No verified domain of the tenant holds ${open.slice(0, 5).join(', ')}.`,
    )
  const { acme, accountUrl } = await acmeOf(run)
  const directory = await answered(run, await acme.directory(run.signal))
  for (const name of certificate.names) {
    const refusal = sslService.caaRefusal(
      { name, identities: directory.caaIdentities, accountUrl, method: null },
      await run.root.vendors.caa(withoutWildcard(name)),
    )
    if (refusal !== null) throw permanent('caa_forbids', refusal)
  }
  await run.tx((ctx) => sslService.noteOrderIssuer(ctx, run.payload, null))
  return { hasAri: directory.hasAri, profiles: directory.profiles }
}

export async function placeOrder(run: IssueRun): Promise<void> {
  const { certificate, order, issuer } = await opened(run)
  if (order.url !== null) return
  const { hasAri, profiles } = run.output('precheck') as Checked
  if (!(await run.tx((ctx) => sslService.takeBudget(ctx, issuer.id))))
    throw waitFor('budget_spent', `The budget of orders at ${issuer.name} is used up: it grows back.`)
  // What renews by the word of the CA does not count there, either.
  const isRenewal = hasAri && order.replaces !== null
  const full = isRenewal
    ? null
    : await run.tx((ctx) => sslService.takeDomainBudget(ctx, issuer, certificate.names))
  if (full !== null) {
    const waitMs = full.free.getTime() - run.root.now().getTime()
    await run.tx((ctx) => sslService.keepRetryAt(ctx, order.id, waitMs))
    throw permanent(
      'budget_spent',
      `The ${issuer.domain_budget} certificates a week for ${full.domain} at ${issuer.name} are used up: the next one can be ordered on ${sslService.inWords(full.free)}.`,
    )
  }
  const profile =
    issuer.profile !== null && profiles.includes(issuer.profile) ? { profile: issuer.profile } : {}
  const ask = (replaces: string | null) =>
    withAccount(run, (acme) =>
      acme.newOrder(
        { names: certificate.names, ...profile, ...(replaces === null ? {} : { replaces }) },
        run.signal,
      ),
    )
  let made = await ask(hasAri ? order.replaces : null)
  if (made.outcome === 'rejected' && order.replaces !== null && REPLACES_REFUSED.has(made.code)) {
    await run.tx((ctx) => sslService.forgetReplaces(ctx, order.id))
    await run.log(
      `The CA does not take this as a replacement (${made.message}): it is asked for as a new one.`,
    )
    made = await ask(null)
  }
  if (made.outcome === 'unknown') throw new JobError('unknown', 'answer_lost', made.message)
  const found = await answered(run, made)
  await run.tx((ctx) => sslService.keepOrder(ctx, order.id, found))
}

const REPLACES_REFUSED = new Set(['already_replaced', 'refused'])

/** Whether the CA has our order although we have not heard so: one for the same names that nobody knows. */
export async function findOrder(run: IssueRun): Promise<Found> {
  const { certificate, order, issuer } = await opened(run)
  if (order.url !== null) return { done: true }
  const { acme } = await acmeOf(run)
  const all = await answered(run, await acme.unfinishedOrders(run.signal))
  const known = await run.read((ctx) =>
    sslService.ordersKnown(
      ctx,
      issuer.id,
      all.map(({ url }) => url),
    ),
  )
  const wanted = certificate.names.toSorted().join(' ')
  const ours = all.find(({ url, names }) => !known.has(url) && names.toSorted().join(' ') === wanted)
  if (!ours) return { done: false }
  await run.tx((ctx) => sslService.keepOrder(ctx, order.id, ours))
  return { done: true }
}

/** What the CA still waits for is given up, so that it does not count. That it cannot be told is no reason to stop. */
export async function giveUp(run: IssueRun): Promise<void> {
  const { order } = await opened(run)
  if (order.url === null) return
  const { acme } = await acmeOf(run)
  for (const url of order.authorizations) {
    const found = await acme.authorization(url, run.signal)
    if (found.outcome === 'ok' && found.value.status === 'pending') await acme.deactivate(url, run.signal)
  }
}
