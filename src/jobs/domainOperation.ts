import type { DomainFacts, Registrar } from '../integrations/registrars/types.ts'
import { ok, type Outcome } from '../lib/outcome.ts'
import * as declared from '../services/domainQueues.ts'
import type { OperationPayload } from '../services/domainQueues.ts'
import * as domainRegistrarService from '../services/domainRegistrarService.ts'
import * as registrations from '../services/domainRegistrationService.ts'
import type { Answer, Ask, Seen } from '../services/domainRegistrationService.ts'
import { JobError, kindOf, valueOf, waitFor } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

type OperationRun = Run<OperationPayload>
const askOf = (run: OperationRun): Ask | null => run.output('open') as Ask | null

/** A client of the registrar at which an account is. */
export async function registrarFor<P>(run: Run<P>, accountId: string): Promise<Registrar> {
  return run.root.vendors.registrar(
    await run.read((ctx) => domainRegistrarService.connectionFor(ctx, accountId)),
  )
}

/** Clocks of registries differ from ours. */
const CLOCK_MS = 10 * 60_000
/** As long may a registrar still be working on a call whose answer was lost. */
const LATE_MS = 2 * 60_000

/** Whether what a registry says now proves that this very deed was done. */
function isProven({ kind, request, sentAt }: Ask, facts: DomainFacts | null): boolean {
  if (kind === 'delete')
    return facts === null || facts.phase === 'redemption' || facts.phase === 'pending_delete'
  if (!facts?.ours) return false
  if (kind === 'register') {
    // A registrar that says only the day may mean any time of it.
    const since = new Date(Date.parse(sentAt) - CLOCK_MS).setUTCHours(0, 0, 0, 0)
    return facts.createdAt !== null && facts.createdAt.getTime() >= since
  }
  if (kind === 'renew')
    return facts.expiresAt !== null && facts.expiresAt.getTime() > Date.parse(request.expiresAt ?? '')
  if (kind === 'restore') return facts.phase === 'active' || facts.phase === 'pending_restore'
  return kind === 'transferIn'
}

const quiet = (facts: DomainFacts | null): Answer =>
  facts?.phase === 'pending_registry' || facts?.phase === 'pending_restore'
    ? { of: 'pending' }
    : { of: 'done' }

async function tell(run: OperationRun, registrar: Registrar, ask: Ask): Promise<Outcome<null>> {
  const { cltrid: id, name, request } = ask
  const { contacts, nameservers = [], years = 1 } = request
  const agreed = registrations.agreedPrice(request.premium)
  switch (ask.kind) {
    case 'register': {
      if (!contacts) break
      const hosts = nameservers.map(({ host }) => host)
      const more = { contacts, nameservers: hosts, privacy: request.privacy ?? false, agreed }
      return registrar.register(id, { name, years, ...more })
    }
    case 'renew':
      return registrar.renew(id, { name, years, expiresAt: new Date(request.expiresAt ?? ''), agreed })
    case 'transferIn': {
      if (!contacts) break
      const authCode = await run.tx((ctx) => registrations.authCodeOf(ctx, tenantOf(run), ask.operationId))
      return registrar.transferIn(id, { name, authCode, years, contacts, agreed })
    }
    case 'restore':
      return registrar.restore(id, name, agreed)
    case 'delete':
      return registrar.remove(id, name)
    case 'update':
      return change(registrar, ask)
  }
  throw new Error(`a request of ${ask.kind} without contacts`)
}

async function change(registrar: Registrar, { cltrid: id, name, request }: Ask): Promise<Outcome<null>> {
  const { answer, nameservers, contacts, ds, privacy, locked } = request
  const deeds: (() => Promise<Outcome<null>>)[] = [
    ...(answer ? [() => registrar.answerTransferOut(id, name, answer)] : []),
    ...(nameservers ? [() => registrar.setNameservers(id, name, nameservers)] : []),
    // A registry that keeps none is told nothing; they are kept here.
    ...(contacts && registrar.caps.contacts ? [() => registrar.setContacts(id, name, contacts)] : []),
    ...(ds ? [() => registrar.setDs(id, name, ds)] : []),
    ...(privacy === undefined ? [] : [() => registrar.setPrivacy(id, name, privacy)]),
    ...(locked === undefined ? [] : [() => registrar.setLock(id, name, locked)]),
  ]
  for (const deed of deeds) {
    const done = await deed()
    if (done.outcome !== 'ok') return done
  }
  return ok(null)
}

const tenantOf = (run: OperationRun): string => run.payload.tenantId

async function send(run: OperationRun): Promise<Answer | null> {
  const ask = askOf(run)
  if (ask === null) return null
  // As long as nobody has paid in, the same question has the same answer.
  if (await run.read((ctx) => domainRegistrarService.isShort(ctx, tenantOf(run), ask.operationId)))
    throw waitFor('no_funds', domainRegistrarService.TOO_LITTLE)
  const registrar = await registrarFor(run, ask.accountId)
  const outcome = await tell(run, registrar, ask)
  if (outcome.outcome === 'ok') return { of: 'done' }
  if (outcome.outcome === 'pending') return { of: 'pending' }
  if (outcome.outcome === 'unknown') {
    await run.tx((ctx) => registrations.noteDoubt(ctx, tenantOf(run), ask.operationId, outcome.message))
    throw new JobError('unknown', 'answer_lost', outcome.message)
  }
  const { code, message } = outcome
  // Somebody has to pay, or to give another password: it waits for that, and nobody has paid in vain.
  if (code === 'no_funds') {
    const left = await registrar.balance()
    const balance = left.outcome === 'ok' ? left.value : null
    await run.tx((ctx) => domainRegistrarService.hold(ctx, tenantOf(run), ask, balance))
    throw waitFor(code, domainRegistrarService.TOO_LITTLE)
  }
  if (kindOf(outcome) === 'wait') {
    await run.tx((ctx) => domainRegistrarService.noteHealth(ctx, ask.accountId, message, null))
    throw waitFor(code, message)
  }
  // What an earlier run has done is refused as done already.
  const facts = valueOf(await registrar.info(ask.name))
  return ask.kind !== 'update' && isProven(ask, facts) ? quiet(facts) : { of: 'refusal', code, message }
}

/** Whether it was done, by what the registry says. What is paid for is not repeated before that is known. */
async function probe(run: OperationRun): Promise<Found> {
  const ask = askOf(run)
  if (ask === null) return { done: true, output: null }
  const registrar = await registrarFor(run, ask.accountId)
  // Changes set what is to be, so they may be repeated; a wish that was answered is another one.
  if (ask.kind === 'update') {
    if (!ask.request.answer) return { done: false }
    const facts = valueOf(await registrar.info(ask.name))
    return facts?.phase === 'transfer_out_pending' ? { done: false } : { done: true, output: { of: 'done' } }
  }
  const facts = valueOf(await registrar.info(ask.name))
  if (isProven(ask, facts)) return { done: true, output: quiet(facts) satisfies Answer }
  if (ask.kind === 'transferIn') {
    const transfer = valueOf(await registrar.transfer(ask.name))
    if (transfer.status === 'pending' && transfer.direction === 'in')
      return { done: true, output: { of: 'pending' } satisfies Answer }
  }
  const isYoung = run.root.now().getTime() - Date.parse(ask.sentAt) < LATE_MS
  if (!registrar.caps.guardedRenewal && isYoung)
    throw waitFor('answer_lost', 'The registrar may still be working on it: it is looked at again.')
  await run.tx((ctx) => registrations.noteDoubt(ctx, tenantOf(run), ask.operationId, null))
  return { done: false }
}

/** What the registry has now: nothing is believed that it does not say. */
async function readBack(run: OperationRun): Promise<Seen | null> {
  const [ask, answer] = [askOf(run), run.output('send') as Answer | null]
  if (ask === null || answer === null || answer.of === 'refusal') return null
  const registrar = await registrarFor(run, ask.accountId)
  const facts = valueOf(await registrar.info(ask.name))
  const isThere = facts?.ours === true
  const mustBe = answer.of === 'done' && (ask.kind === 'register' || ask.kind === 'renew')
  if (mustBe && !(isThere && isProven(ask, facts)))
    throw waitFor('not_seen', 'The registry has accepted it, and does not show it yet.')
  return facts === null ? null : registrations.seenOf(facts)
}

const operationJob = (of: { kind: string; payload: { parse(value: unknown): OperationPayload } }) =>
  ({
    kind: of.kind,
    parse: (payload) => of.payload.parse(payload),
    onPermanent: 'stuck',
    steps: [
      {
        name: 'open',
        title: 'Writing down what is asked',
        commit: (ctx, run) => registrations.open(ctx, tenantOf(run), run.payload.operationId),
      },
      { name: 'send', title: 'Asking the registry', run: send, probe },
      { name: 'readBack', title: 'Reading what the registry has now', run: readBack, idempotent: true },
      {
        name: 'settle',
        title: 'Writing down what came of it',
        commit: async (ctx, run) => {
          const [ask, answer] = [askOf(run), run.output('send') as Answer | null]
          if (ask === null || answer === null) return
          await registrations.settle(ctx, tenantOf(run), ask, answer, run.output('readBack') as Seen | null)
        },
      },
    ],
  }) satisfies JobHandler<OperationPayload>

export const domainRegister = operationJob(declared.domainRegister)
export const domainRenew = operationJob(declared.domainRenew)
export const domainTransferIn = operationJob(declared.domainTransferIn)
export const domainUpdate = operationJob(declared.domainUpdate)
export const domainRestore = operationJob(declared.domainRestore)
export const domainDelete = operationJob(declared.domainDelete)
