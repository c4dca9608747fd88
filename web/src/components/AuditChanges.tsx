import type { AuditEvent } from '../api/audit.ts'
import { formatMoney } from '../lib/money.ts'

const show = (value: unknown): string => {
  if (value === null || value === undefined || value === '') return '—'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Amounts are recorded in minor units, beside their currency. */
function showDetail(field: string, value: unknown, currency: unknown): string {
  const isMoney = (field === 'amount' || field === 'total') && typeof currency === 'string'
  return isMoney && /^-?\d+$/.test(show(value)) ? formatMoney({ amount: show(value), currency }) : show(value)
}

/** The fields an event changed, before and after, and what else it recorded. */
export function AuditChanges({ event }: { event: Pick<AuditEvent, 'diff' | 'details'> }) {
  const changes = Object.entries(event.diff ?? {})
  const details = Object.entries(event.details ?? {})
  if (changes.length === 0 && details.length === 0) return null
  return (
    <dl className="mt-1 space-y-0.5 text-[13px]">
      {changes.map(([field, [before, after]]) => (
        <div key={field} className="flex flex-wrap gap-x-2">
          <dt className="text-muted">{field}</dt>
          <dd className="min-w-0 font-mono text-[12.5px] break-all">
            <del className="text-danger-text">
              <span className="sr-only">before </span>
              {show(before)}
            </del>
            <span aria-hidden> → </span>
            <ins className="text-success-text no-underline">
              <span className="sr-only">, after </span>
              {show(after)}
            </ins>
          </dd>
        </div>
      ))}
      {details.map(([field, value]) => (
        <div key={field} className="flex flex-wrap gap-x-2">
          <dt className="text-muted">{field}</dt>
          <dd className="min-w-0 font-mono text-[12.5px] break-all">
            {showDetail(field, value, event.details?.['currency'])}
          </dd>
        </div>
      ))}
    </dl>
  )
}
