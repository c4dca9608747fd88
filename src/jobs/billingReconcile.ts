import type { BillingProvider, RecordInvoice } from '../integrations/billing/types.ts'
import { inLanes } from '../lib/lanes.ts'
import * as findingService from '../services/billingFindingService.ts'
import type { OpenReconciliation, Part, PaymentLook, PaymentsOf } from '../services/billingFindingService.ts'
import { billingReconcile as declared, type ReconcilePayload } from '../services/billingQueues.ts'
import { providerFor, tenantOf } from './billingCollect.ts'
import { paymentAt, unlessGone } from './billingConverge.ts'
import { JobError, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type ReconcileRun = Run<ReconcilePayload>
type Subject = PaymentsOf['subject']

/** A provider is asked so much at the same time, of the 25 calls a second that it takes. */
const AT_ONCE = 4

async function compareAll(run: ReconcileRun): Promise<Part[]> {
  const open = run.output('own') as OpenReconciliation
  const parts: Part[] = []
  for (const provider of open.providers) parts.push(await compareWith(run, open.tenantId, provider))
  return parts
}

/** That a provider cannot be read is a result too: nothing is concluded of what it did not say. */
async function compareWith(
  run: ReconcileRun,
  tenantId: string,
  { hasBooks, ...of }: OpenReconciliation['providers'][number],
): Promise<Part> {
  const part: Part = { provider: of, checked: 0, problem: null }
  const provider = await providerFor(run, of.id)
  const subjects = await run.read((ctx) => findingService.subjectsOf(ctx, tenantId, { hasBooks, ...of }))
  if (subjects.length === findingService.MOST_LOOKED)
    part.problem = `There are more than ${subjects.length.toLocaleString('en')} payments: only the newest were looked at.`
  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof JobError)) throw error
      part.problem = error.message
      return false
    }
  }
  let isAnswering = true
  await inLanes(subjects, AT_ONCE, async (subject) => {
    run.signal.throwIfAborted()
    if (!isAnswering) return
    const answered = await attempt(async () => {
      const look = await lookAt(run, provider, subject)
      await settle(run, { tenantId, providerId: of.id, subject }, look)
      part.checked++
    })
    if (!answered) isAnswering = false
    await run.progress(
      Math.floor((100 * part.checked) / subjects.length),
      `${of.kind}: ${part.checked} payments`,
    )
  })
  if (isAnswering && hasBooks)
    await attempt(async () => {
      part.checked += await compareBooks(run, provider, { tenantId, providerId: of.id })
    })
  return part
}

async function lookAt(run: ReconcileRun, provider: BillingProvider, subject: Subject): Promise<PaymentLook> {
  const ref = subject.ref ?? (await refOf(provider, subject))
  if (ref === null) return { of: 'nothing' }
  const seen = await paymentAt(run, provider, ref)
  return seen === null ? { of: 'gone' } : { of: 'payment', seen }
}

/** What has come of a page, or of a call whose answer was lost. */
async function refOf(provider: BillingProvider, subject: Subject): Promise<string | null> {
  if (subject.pageId !== null) return unlessGone(await provider.page(subject.pageId))?.paymentRef ?? null
  if (subject.customerRef === null) return null
  const found = unlessGone(await provider.findPayments(subject.key, subject.customerRef, subject.since)) ?? []
  return found.find(({ status }) => status === 'succeeded')?.ref ?? null
}

async function settle(run: ReconcileRun, of: PaymentsOf, look: PaymentLook): Promise<void> {
  try {
    await run.tx((ctx) => findingService.takeOverPayment(ctx, of, look))
  } catch (error) {
    if (!findingService.isForbidden(error)) throw error
  }
  await run.tx((ctx) => findingService.settlePayment(ctx, of, look))
}

/** Rows may move from page to page while they are read: then nothing is said to be gone, or settled. */
async function compareBooks(
  run: ReconcileRun,
  provider: BillingProvider,
  of: { tenantId: string; providerId: string },
): Promise<number> {
  const { record } = provider
  if (record === null) return 0
  const seen: Awaited<ReturnType<typeof findingService.compareRecords>> = []
  const refs = new Set<string>()
  let total = 0
  for (let from: number | null = 0; from !== null;) {
    run.signal.throwIfAborted()
    const page: { items: RecordInvoice[]; total: number; next: number | null } = valueOf(
      await record.invoices(from),
    )
    const fresh = page.items.filter(({ ref }) => !refs.has(ref))
    for (const { ref } of fresh) refs.add(ref)
    seen.push(...(await run.read((ctx) => findingService.compareRecords(ctx, of, fresh))))
    total = page.total
    from = page.next
  }
  const isWhole = refs.size === total
  await run.tx(async (ctx) => {
    const gone = isWhole ? await findingService.goneRecords(ctx, of, refs) : []
    await findingService.settleRecords(ctx, of, [...seen, ...gone], isWhole)
  })
  return refs.size
}

/**
 * Compares the books and contracts of a tenant with each other, and with what its providers say. What mPanel had only not heard of
 * is taken over; all else becomes a finding, or settles one.
 */
export const billingReconcile: JobHandler<ReconcilePayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    {
      name: 'own',
      title: 'Comparing the books',
      commit: (ctx, run) =>
        findingService.openReconciliation(ctx, tenantOf(run), run.payload.reconciliationId),
    },
    { name: 'providers', title: 'Comparing with the providers', run: compareAll, idempotent: true },
    {
      name: 'report',
      title: 'Writing down what came of it',
      commit: (ctx, run) =>
        findingService.finishReconciliation(
          ctx,
          run.output('own') as OpenReconciliation,
          run.output('providers') as Part[],
        ),
    },
  ],
  failed: (ctx, payload, error) =>
    findingService.failReconciliation(ctx, payload.reconciliationId, error.message),
}
