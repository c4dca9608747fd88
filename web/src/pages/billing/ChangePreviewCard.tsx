import type { ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import type { ChangePreview } from '../../api/billing.ts'
import { formatMoney, isZero } from '../../lib/money.ts'
import { size } from '../../lib/words.ts'
import { Notice } from '../../ui/Notice.tsx'
import { Day } from '../../ui/Time.tsx'

/** The lines that are charged, when they are due, and what becomes of the CloudPod. */
export function ChangePreviewCard({ preview }: { preview: ChangePreview }) {
  const { blockers, lines, tax, total, fromCredit, next } = preview
  return (
    <section aria-label="What it comes to" aria-live="polite" className="space-y-3">
      {blockers.map(({ message }) => (
        <Notice key={message} tone="warning">
          {message}
        </Notice>
      ))}
      <dl className="rounded-md border border-line">
        {lines.map(({ description, amount }) => (
          <Row key={description} name={description} value={formatMoney(amount)} />
        ))}
        {!isZero(tax) && <Row name={t`Tax`} value={formatMoney(tax)} />}
        <Row strong name={t`Total`} value={formatMoney(total)} />
        {!isZero(fromCredit) && <Row name={t`Paid from credit`} value={formatMoney(fromCredit)} />}
      </dl>
      {lines.some((line) => !isZero(line.tax)) && (
        <p className="text-[13px] text-muted">Taxed as {preview.taxedBecause}</p>
      )}
      <ul className="list-disc space-y-1 pl-5 text-[13px] text-muted">
        <li>
          {preview.dueDate === null ? (
            <>
              The invoice is issued on <Day date={preview.issued} />.
            </>
          ) : (
            <>
              The invoice is issued on <Day date={preview.issued} /> and due on <Day date={preview.dueDate} />
              .
            </>
          )}
        </li>
        {preview.takenBack.map(({ id, number, total: amount }) => (
          <li key={id}>
            Invoice {number} of {formatMoney(amount)} for the next period is credited, and issued anew.
          </li>
        ))}
        {next && (
          <li>
            Then {formatMoney(next.total)} for <Day date={next.from} /> – <Day date={next.to} />, issued on{' '}
            <Day date={next.issued} />.
          </li>
        )}
        <li>{podText(preview)}</li>
        {preview.when === 'period_end' && grows(preview) && (
          <li>
            The room for it is taken when that period begins. If there is none by then, the subscription keeps
            its plan and price.
          </li>
        )}
      </ul>
    </section>
  )
}

const grows = ({ pod }: ChangePreview): boolean =>
  pod !== null &&
  (pod.to.cores > pod.from.cores || pod.to.memoryMb > pod.from.memoryMb || pod.to.diskGb > pod.from.diskGb)

function podText({ pod, when }: ChangePreview): string {
  if (!pod?.resized) return t`The CloudPod stays as it is.`
  const becomes =
    when === 'now'
      ? t`The CloudPod becomes ${size(pod.to)} instead of ${size(pod.from)}.`
      : t`With the next period the CloudPod becomes ${size(pod.to)} instead of ${size(pod.from)}.`
  return pod.needsRestart ? `${becomes} ${t`It has its cores and memory after its next restart.`}` : becomes
}

function Row({ name, value, strong = false }: { name: ReactNode; value: string; strong?: boolean }) {
  return (
    <div
      className={`flex items-baseline justify-between gap-4 border-line p-3 not-first:border-t ${strong ? 'font-semibold' : ''}`}
    >
      <dt className="min-w-0 break-words">{name}</dt>
      <dd className="shrink-0 tabular-nums">{value}</dd>
    </div>
  )
}
