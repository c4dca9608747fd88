import { t } from '../../../../shared/text.ts'
import type { BillingRecordRun } from '../../api/billingRecords.ts'
import { locale } from '../../lib/language.ts'
import { formatMoney } from '../../lib/money.ts'
import { Facts } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Sideways } from '../../ui/Sideways.tsx'

type Report = NonNullable<BillingRecordRun['report']>

const WHAT: Record<string, string> = {
  new: t`new`,
  same: t`the same`,
  changed: t`changed there`,
  differs: t`other than here`,
  aside: t`for a person`,
  ours: t`made by mPanel`,
}

const OF: Record<string, string> = { clients: t`Clients`, services: t`Services`, invoices: t`Invoices` }
const TOTALS = { invoiced: t`Invoiced`, paid: t`Paid`, recurring: t`Recurring` }

const countsOf = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([what, number]) => `${number.toLocaleString(locale)} ${WHAT[what] ?? what}`)
    .join(', ')

/** What came of reading all books: counts, both sides' totals, and what a person should look at. */
export function BooksReport({ report, isCheck }: { report: Report; isCheck: boolean }) {
  const { there, here, counts, words, more, gone, clean } = report
  const currencies = [...new Set([...Object.keys(there), ...Object.keys(here)])].toSorted()
  const shown = (of: Report['there'], currency: string, name: 'invoiced' | 'paid' | 'recurring'): string =>
    formatMoney({ amount: of[currency]?.[name] ?? '0', currency })
  return (
    <div className="space-y-3">
      <Facts
        facts={[
          ...Object.entries(counts).map(([of, these]): [string, string] => [
            OF[of] ?? of,
            countsOf(these) || t`none`,
          ]),
          gone > 0 ? [t`Gone there`, String(gone)] : null,
        ]}
      />
      {currencies.length > 0 && (
        <Sideways>
          <table className="w-full text-left">
            <caption className="sr-only">Totals in WHMCS and in mPanel</caption>
            <thead>
              <tr className="text-muted">
                <th className="pr-4 font-medium">Total</th>
                <th className="pr-4 font-medium">In WHMCS</th>
                <th className="font-medium">In mPanel</th>
              </tr>
            </thead>
            <tbody>
              {currencies.flatMap((currency) =>
                (['invoiced', 'paid', 'recurring'] as const).map((name) => (
                  <tr key={`${currency} ${name}`}>
                    <td className="pr-4">
                      {TOTALS[name]}, {currency}
                    </td>
                    <td className="pr-4">{shown(there, currency, name)}</td>
                    <td>{shown(here, currency, name)}</td>
                  </tr>
                )),
              )}
            </tbody>
          </table>
        </Sideways>
      )}
      {!clean && (
        <Notice tone="warning">
          Something changed in WHMCS while it was read: do it again for totals that can be compared.
        </Notice>
      )}
      {words.length > 0 && (
        <Notice tone={isCheck ? 'info' : 'warning'} title="To look at">
          <ul className="space-y-1">
            {words.map((sentence) => (
              <li key={sentence} className="break-words">
                {sentence}
              </li>
            ))}
            {more > 0 && <li>And {more.toLocaleString(locale)} more.</li>}
          </ul>
        </Notice>
      )}
    </div>
  )
}
