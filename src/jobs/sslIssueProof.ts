import type { Acme, AcmeAuthorization } from '../integrations/acme/types.ts'
import type { NameServer } from '../integrations/dns/types.ts'
import * as sslService from '../services/sslService.ts'
import { permanent } from './errors.ts'
import { acmeOf, ageMs, answered, look, notYet, opened, type IssueRun } from './sslIssueAccount.ts'

async function authorizations(run: IssueRun, acme: Acme): Promise<AcmeAuthorization[]> {
  const { order } = await opened(run)
  const all: AcmeAuthorization[] = []
  for (const url of order.authorizations)
    all.push(await answered(run, await acme.authorization(url, run.signal)))
  return all
}

/** Chooses how each name is proven, and writes down what is shown. A name that the CA still believes needs nothing. */
export async function choose(run: IssueRun): Promise<void> {
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
    const value = type === 'http-01' ? proof.http : proof.dns
    proofs.push({ authorization, type, token: challenge.token, url: challenge.url, value })
  }
  await run.tx((ctx) => sslService.keepChallenges(ctx, order, proofs))
}

/** A name server that does not answer is waited for so long; then the CA is asked although: it asks the others as well. */
const SILENT_MS = 60_000

type Servers = Record<string, NameServer[]>

/** What a zone's parent delegates it to. Nothing where the parent cannot be asked: that is no fault of the proof. */
async function serversOf(run: IssueRun, zone: string): Promise<NameServer[]> {
  const { servers, fault } = await run.root.vendors.delegation(zone, [])
  if (fault !== null) await run.log(`What ${zone} is delegated to could not be found: ${fault}.`)
  return servers.flatMap(({ host, addresses, lame }) =>
    lame ? [] : addresses.slice(0, 1).map((address) => ({ host, address })),
  )
}

/**
 * First our own server has the records, then every name server that the parent of the zone delegates to: the CA may ask any
 * of them. Which one lags is told.
 */
export async function served(run: IssueRun): Promise<void> {
  const waiting = await run.read((ctx) => sslService.unserved(ctx, run.payload))
  if (waiting !== null) notYet(run, 'not_served', `The name servers do not show ${waiting} yet.`)
  const known: Servers = { ...(run.saved() as Servers | null) }
  for (const { zone, name, value } of await run.read((ctx) => sslService.shown(ctx, run.payload))) {
    if (known[zone] === undefined) {
      known[zone] = await serversOf(run, zone)
      await run.save(known)
    }
    const seen = await run.root.vendors.txtAt(known[zone], name)
    const lagging = seen.filter(({ records }) => records !== null && !records.includes(value))
    if (lagging.length > 0)
      notYet(
        run,
        'not_served',
        `${hostsOf(lagging)} ${lagging.length > 1 ? 'do' : 'does'} not show ${name} yet.`,
      )
    const silent = seen.filter(({ records }) => records === null)
    const said = silent.map(({ host, fault }) => `${host}: ${fault}`).join('; ')
    if (silent.length > 0 && ageMs(run) < SILENT_MS)
      notYet(run, 'not_served', `Whether ${hostsOf(silent)} shows ${name} is not known: ${said}.`)
    if (silent.length > 0) await run.log(`The CA is asked although some name servers do not answer: ${said}.`)
  }
}

const hostsOf = (seen: readonly NameServer[]): string => [...new Set(seen.map(({ host }) => host))].join(', ')

export async function answer(run: IssueRun): Promise<void> {
  const { acme } = await acmeOf(run)
  for (const challenge of await run.read((ctx) => sslService.challenges(ctx, run.payload))) {
    if (challenge.answered_at !== null) continue
    const now = await answered(run, await acme.authorization(challenge.authorization_url, run.signal))
    if (now.challenges.some(({ url, status }) => url === challenge.url && status === 'pending'))
      await answered(run, await acme.answer(challenge.url, run.signal))
    await run.tx((ctx) => sslService.noteAnswered(ctx, challenge.id))
  }
}

export async function validated(run: IssueRun): Promise<void> {
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
