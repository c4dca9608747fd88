import type { BillingProvider, RecordPage } from '../integrations/billing/types.ts'
import type { Outcome } from '../lib/outcome.ts'
import * as recordService from '../services/billingRecordService.ts'
import type { OpenRun, PageOfBooks, Report } from '../services/billingRecordService.ts'
import { billingRecord as declared, type RecordPayload } from '../services/billingQueues.ts'
import { providerFor, tenantOf } from './billingCollect.ts'
import { permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type RecordRun = Run<RecordPayload>
type Books = NonNullable<BillingProvider['record']>
type Kind = PageOfBooks['of']

/** Rows may move from page to page while they are read: so often all of it is read again. */
const PASSES = 3

/** Reads one list to its end, page by page, each in a transaction of its own. What was taken over before is the same then. */
async function readAll(run: RecordRun, of: Kind): Promise<Report> {
  const open = run.output('open') as OpenRun
  const provider = await providerFor(run, open.providerId)
  if (provider.record === null) throw permanent('invalid', 'this provider keeps no books')
  const { record } = provider
  for (let pass = 1; ; pass++) {
    const report = recordService.emptyReport()
    const seen = new Set<string>()
    let total = 0
    for (let from: number | null = 0; from !== null;) {
      run.signal.throwIfAborted()
      const page: Page = valueOf(await READ[of](record, from))
      // Who has moved here from a page before was looked at there.
      const fresh = page.items.filter(({ ref }) => !seen.has(ref))
      for (const { ref } of fresh) seen.add(ref)
      total = page.total
      const part = { of, items: fresh } as PageOfBooks
      await run.tx((ctx) => recordService.takePage(ctx, open, part, report))
      await run.progress(
        total === 0 ? 100 : Math.floor((100 * Math.min(seen.size, total)) / total),
        `${seen.size.toLocaleString('en')} of ${total.toLocaleString('en')} ${of} read`,
      )
      from = page.next
    }
    report.clean = seen.size === total
    if (report.clean || pass === PASSES) return report
  }
}

type Page = RecordPage<{ ref: string }>
const READ: Record<Kind, (record: Books, from: number) => Promise<Outcome<Page>>> = {
  clients: (record, from) => record.clients(from),
  services: (record, from) => record.services(from),
  invoices: (record, from) => record.invoices(from),
}

const KINDS: Kind[] = ['clients', 'services', 'invoices']

function merged(parts: readonly Report[]): Report {
  const whole = recordService.emptyReport()
  for (const part of parts) {
    Object.assign(whole.counts, part.counts)
    whole.words.push(...part.words)
    whole.more += part.more
    whole.clean &&= part.clean
    for (const [currency, sums] of Object.entries(part.there)) {
      const so = (whole.there[currency] ??= { invoiced: '0', paid: '0', recurring: '0' })
      for (const name of ['invoiced', 'paid', 'recurring'] as const)
        so[name] = String(BigInt(so[name]) + BigInt(sums[name]))
    }
  }
  return whole
}

/**
 * Reads all books of a provider that keeps its own: clients, what it sells them, invoices with payments. A check compares only.
 * Nothing is ever written there, nor deleted here.
 */
export const billingRecord: JobHandler<RecordPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  // What was taken over is not given back when a later page fails for good: it is true.
  steps: [
    {
      name: 'open',
      title: 'Looking what is to be read',
      commit: (ctx, run) => recordService.openRun(ctx, tenantOf(run), run.payload.runId),
    },
    ...KINDS.map((of) => ({
      name: of,
      title: `Reading the ${of}`,
      run: (run: RecordRun) => readAll(run, of),
      idempotent: true as const,
    })),
    {
      name: 'report',
      title: 'Comparing the totals',
      commit: (ctx, run) =>
        recordService.finishRun(
          ctx,
          run.output('open') as OpenRun,
          merged(KINDS.map((of) => run.output(of) as Report)),
        ),
    },
  ],
  failed: (ctx, payload, error) => recordService.failRun(ctx, payload.runId, error.message),
}
