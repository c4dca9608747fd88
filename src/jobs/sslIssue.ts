import type { Acme, AcmeAuthorization, AcmeOrder, AcmeOutcome } from '../integrations/acme/types.ts'
import { sleep } from '../lib/backoff.ts'
import { withoutWildcard } from '../lib/x509/names.ts'
import { makeRequest, newKey } from '../lib/x509/make.ts'
import { CertificateFault, certificatesIn, namesOf, requireChain, requireKeyOf } from '../lib/x509/read.ts'
import { sslIssue as declared, type IssuePayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import { JobError, permanent, waitFor } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

type IssueRun = Run<IssuePayload>

/** How long is waited for name servers and the CA, from the start of the job. After that it is tried anew, later. */
const PATIENCE_MS = 20 * 60_000
/** Looks in a row before the worker does something else. */
const LOOKS = 12
const MAX_PAUSE_MS = 5_000

const isOverdue = ({ job, root }: Pick<IssueRun, 'job' | 'root'>): boolean =>
  job.started_at !== null && root.now().getTime() - job.started_at.getTime() > PATIENCE_MS

/** Not yet: another worker may take the place until then. @throws JobError */
function notYet(run: IssueRun, code: string, message: string): never {
  if (isOverdue(run)) throw permanent(code, message)
  throw waitFor(code, message)
}

/** What the CA has answered. A limit ends this attempt: it is planned anew for when the CA wants it. @throws JobError */
async function answered<T>(run: IssueRun, outcome: AcmeOutcome<T>): Promise<T> {
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

const opened = (run: IssueRun): Promise<sslService.Opened> =>
  run.read((ctx) => sslService.open(ctx, run.payload))

/** A client of the panel's account at the issuer. The account is made, or found again by its key, when its address is not known. */
async function acmeOf(run: IssueRun): Promise<{ acme: Acme; accountUrl: string }> {
  const { issuer } = await opened(run)
  let account = await run.read((ctx) => sslService.accountFor(ctx, issuer))
  if (account === null) {
    const keyPem = await newKey()
    await run.tx((ctx) => sslService.keepAccountKey(ctx, issuer.id, keyPem))
    account = await run.read((ctx) => sslService.accountFor(ctx, issuer))
  }
  if (account === null) throw new Error('the account was not kept')
  const { id, connection, email, externalAccount } = account
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
async function withAccount<T>(
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

type Checked = { hasAri: boolean; profiles: string[] }

/** What is known to fail is not asked for: names that are no longer the tenant's, and those that CAA records keep from this CA. */
async function precheck(run: IssueRun): Promise<Checked> {
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

async function placeOrder(run: IssueRun): Promise<void> {
  const { certificate, order, issuer } = await opened(run)
  if (order.url !== null) return
  const { hasAri, profiles } = run.output('precheck') as Checked
  if (!(await run.tx((ctx) => sslService.takeBudget(ctx, issuer.id))))
    throw waitFor('budget_spent', `The budget of orders at ${issuer.name} is used up: it grows back.`)
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
async function findOrder(run: IssueRun): Promise<Found> {
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
async function giveUp(run: IssueRun): Promise<void> {
  const { order } = await opened(run)
  if (order.url === null) return
  const { acme } = await acmeOf(run)
  for (const url of order.authorizations) {
    const found = await acme.authorization(url, run.signal)
    if (found.outcome === 'ok' && found.value.status === 'pending') await acme.deactivate(url, run.signal)
  }
}

async function authorizations(run: IssueRun, acme: Acme): Promise<AcmeAuthorization[]> {
  const { order } = await opened(run)
  const all: AcmeAuthorization[] = []
  for (const url of order.authorizations)
    all.push(await answered(run, await acme.authorization(url, run.signal)))
  return all
}

/** Chooses how each name is proven, and writes down what is shown. A name that the CA still believes needs nothing. */
async function choose(run: IssueRun): Promise<void> {
  const { certificate, order } = await opened(run)
  const { acme } = await acmeOf(run)
  const proofs: sslService.Proof[] = []
  for (const authorization of await authorizations(run, acme)) {
    if (authorization.status === 'valid') continue
    const { name, wildcard } = authorization
    const type = await run
      .read((ctx) => sslService.methodFor(ctx, certificate, name, wildcard))
      .catch((error: Error) => {
        throw permanent('dns_not_ours', error.message)
      })
    const challenge = authorization.challenges.find((one) => one.type === type)
    if (!challenge) throw permanent('challenge_failed', `The CA does not let ${name} be proven by ${type}.`)
    const proof = acme.words.proofOf(challenge.token)
    const value = type === 'dns-01' ? proof.dns : proof.http
    proofs.push({ authorization, type, token: challenge.token, url: challenge.url, value })
  }
  await run.tx((ctx) => sslService.keepChallenges(ctx, order, proofs))
}

async function served(run: IssueRun): Promise<void> {
  const waiting = await run.read((ctx) => sslService.unserved(ctx, run.payload))
  if (waiting !== null) notYet(run, 'not_served', `The name servers do not show ${waiting} yet.`)
}

async function answer(run: IssueRun): Promise<void> {
  const { acme } = await acmeOf(run)
  for (const challenge of await run.read((ctx) => sslService.challenges(ctx, run.payload))) {
    if (challenge.answered_at !== null) continue
    const now = await answered(run, await acme.authorization(challenge.authorization_url, run.signal))
    if (now.challenges.some(({ url, status }) => url === challenge.url && status === 'pending'))
      await answered(run, await acme.answer(challenge.url, run.signal))
    await run.tx((ctx) => sslService.noteAnswered(ctx, challenge.id))
  }
}

/** Looks again and again for a short while; then the job waits, and another has its worker. */
async function look<T>(
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

async function validated(run: IssueRun): Promise<void> {
  const { acme } = await acmeOf(run)
  await look(
    run,
    async () => {
      const all = await authorizations(run, acme)
      const bad = all.find(({ status }) => status !== 'valid' && status !== 'pending')
      if (bad) throw permanent('challenge_failed', `${bad.name}: ${problemOf(bad)}`)
      const waiting = all.find(({ status }) => status === 'pending')
      return waiting ? { pauseMs: waiting.retryAfterMs } : { done: null }
    },
    'The CA has not looked at all proofs yet.',
  )
}

const problemOf = ({ challenges, status }: AcmeAuthorization): string =>
  challenges.find(({ problem }) => problem !== null)?.problem ?? `the CA says that the proof is ${status}.`

/** The order as it is now. @throws JobError when it came to nothing */
async function orderNow(run: IssueRun, acme: Acme): Promise<AcmeOrder> {
  const { order } = await opened(run)
  const now = await answered(run, await acme.order(order.url ?? '', run.signal))
  if (now.status === 'invalid')
    throw permanent('order_invalid', now.problem ?? 'The CA has ended the order: it is asked for anew.')
  return now
}

/** A new key for every certificate; it is kept before the CA hears of it. */
async function finalize(run: IssueRun): Promise<void> {
  const { certificate, order } = await opened(run)
  const made = await newKey()
  const keyPem = await run.tx((ctx) => sslService.keepKey(ctx, order, made))
  const { acme } = await acmeOf(run)
  await look(
    run,
    async () => {
      const now = await orderNow(run, acme)
      if (now.status === 'pending') return { pauseMs: now.retryAfterMs }
      if (now.status !== 'ready') return { done: null }
      const sent = await acme.finalize(
        now.finalizeUrl,
        await makeRequest(certificate.names, keyPem),
        run.signal,
      )
      // It was finalized meanwhile, or is not quite ready: the order says which.
      if (sent.outcome === 'rejected' && sent.code === 'order_not_ready') return { pauseMs: null }
      await answered(run, sent)
      return { done: null }
    },
    'The CA does not take the request yet.',
  )
}

/** @returns the chain, of which is proven that it is in order, for our key and our names */
async function download(run: IssueRun): Promise<string> {
  const { certificate, order } = await opened(run)
  const keyPem = await run.tx((ctx) => sslService.keepKey(ctx, order, ''))
  const { acme } = await acmeOf(run)
  const url = await look<string>(
    run,
    async () => {
      const now = await orderNow(run, acme)
      return now.certificateUrl === null ? { pauseMs: now.retryAfterMs } : { done: now.certificateUrl }
    },
    'The CA has not issued the certificate yet.',
  )
  const { pem } = await answered(run, await acme.certificate(url, run.signal))
  try {
    const leaf = requireChain(certificatesIn(pem))
    requireKeyOf(leaf, keyPem)
    const names = new Set(namesOf(leaf))
    const missing = certificate.names.filter((name) => !names.has(name))
    if (missing.length > 0) throw new CertificateFault(`It does not name ${missing.join(', ')}.`)
  } catch (error) {
    if (error instanceof CertificateFault)
      throw permanent('chain_wrong', `What the CA has issued cannot be used. ${error.message}`)
    throw error
  }
  return pem
}

/** Safe when nothing is shown yet. */
const unshow = (run: IssueRun): Promise<void> => run.tx((ctx) => sslService.removeProofs(ctx, run.payload))

/**
 * Has a CA issue a certificate. A worker may die between any two steps: the order is looked for before it is made again, the
 * key is kept before it is used, and the proofs are taken away in any case.
 */
export const sslIssue: JobHandler<IssuePayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  failed: (ctx, payload, error) => sslService.markFailed(ctx, payload, error),
  steps: [
    {
      name: 'precheck',
      title: 'Looking whether the CA may issue for the names',
      run: precheck,
      idempotent: true,
    },
    { name: 'order', title: 'Ordering at the CA', run: placeOrder, probe: findOrder, undo: giveUp },
    {
      name: 'choose',
      title: 'Choosing how the names are proven',
      run: choose,
      idempotent: true,
      undo: unshow,
    },
    {
      name: 'present',
      title: 'Showing the proofs',
      commit: (ctx, run) => sslService.presentProofs(ctx, run.payload),
      undo: unshow,
    },
    {
      name: 'served',
      title: 'Waiting until the name servers show the proofs',
      run: served,
      idempotent: true,
    },
    { name: 'answer', title: 'Telling the CA to look', run: answer, idempotent: true },
    {
      name: 'validated',
      title: 'Waiting until the CA has seen the proofs',
      run: validated,
      idempotent: true,
    },
    { name: 'finalize', title: 'Sending the request', run: finalize, idempotent: true },
    { name: 'download', title: 'Fetching and checking the certificate', run: download, idempotent: true },
    {
      name: 'clean',
      title: 'Taking the proofs away',
      commit: (ctx, run) => sslService.removeProofs(ctx, run.payload),
    },
    {
      name: 'keep',
      title: 'Putting the certificate in force',
      commit: (ctx, run) => sslService.finishOrder(ctx, run.payload, run.output('download') as string),
    },
  ],
}
