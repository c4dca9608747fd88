import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import type { Invoice } from '../../api/billing.ts'
import {
  cancelPayLink,
  chargeInvoice,
  createPayLink,
  invoicePaymentsQuery,
  type InvoicePayments as Known,
  type PaidPart,
  type PaymentAttempt,
} from '../../api/payments.ts'
import { useSubmit } from '../../api/submit.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney, isZero } from '../../lib/money.ts'
import { humanize } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { RefundForm } from './RefundForm.tsx'

/** What was paid of an invoice, what was tried, and what can be done about it. */
export function InvoicePayments({ invoice }: { invoice: Invoice }) {
  const query = useQuery(invoicePaymentsQuery(invoice.id))
  return (
    <Loaded query={query} what="payments">
      {(known) => (
        <div className="space-y-5">
          {invoice.status === 'open' && <Collect invoice={invoice} known={known} />}
          <Attempts invoice={invoice} attempts={known.attempts} />
          <Payments invoice={invoice} payments={known.payments} />
        </div>
      )}
    </Loaded>
  )
}

function Collect({ invoice, known }: { invoice: Invoice; known: Known }) {
  const { can } = useSession()
  const charging = useSubmit({
    send: (_: undefined, key) => chargeInvoice(invoice.id, key),
    onDone: () => toast.done(t`The payment method is being charged`),
  })
  const linking = useSubmit({
    send: (_: undefined, key) => createPayLink(invoice.id, true, key),
    onDone: () => toast.done(t`A link is being made and mailed to the customer`),
  })
  const going = known.attempts.find(({ endedAt }) => endedAt === null)
  const reason = !can('billing:manage', invoice.tenantId)
    ? NO_PERMISSION('billing:manage')
    : !known.collects
      ? t`Payments of this tenant are recorded by hand: add a payment provider first.`
      : going
        ? going.kind === 'link'
          ? t`The customer has a link to pay with: take that back first.`
          : t`A payment is going on.`
        : undefined
  const error = charging.error ?? linking.error
  return (
    <div className="space-y-3">
      {error && <Notice tone="danger">{error.message}</Notice>}
      <div className="flex flex-wrap gap-2">
        <Button
          variant="primary"
          loading={charging.isPending}
          disabledReason={reason}
          onClick={() => charging.mutate(undefined)}
        >
          Charge the payment method
        </Button>
        <Button loading={linking.isPending} disabledReason={reason} onClick={() => linking.mutate(undefined)}>
          Mail a link to pay
        </Button>
      </div>
    </div>
  )
}

const REASONS: Record<PaymentAttempt['reason'], string> = {
  asked: t`asked for`,
  due: t`due`,
  authentication: t`the bank asks the customer`,
}

function Attempts({ invoice, attempts }: { invoice: Invoice; attempts: PaymentAttempt[] }) {
  if (attempts.length === 0) return null
  return (
    <section aria-label="Attempts" className="space-y-2">
      <h3 className="font-semibold">Attempts</h3>
      <ul className="divide-y divide-line rounded-md border border-line">
        {attempts.map((attempt) => (
          <li key={attempt.id} className="space-y-1 p-3">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <StateBadge of="attempt" state={attempt.state} />
              <span className="font-medium">{formatMoney(attempt.amount)}</span>
              <span className="text-muted">
                {attempt.kind === 'link'
                  ? t`Link`
                  : `${humanize(attempt.method?.brand ?? 'card')} •••• ${attempt.method?.last4 ?? ''}`}
                , {REASONS[attempt.reason]}, <Time at={attempt.createdAt} />
              </span>
            </div>
            {attempt.problem !== null && (
              <p className="break-words text-[13px] text-muted">{attempt.problem}</p>
            )}
            {attempt.url !== null && <OpenLink invoice={invoice} attempt={attempt} url={attempt.url} />}
          </li>
        ))}
      </ul>
    </section>
  )
}

function OpenLink({ invoice, attempt, url }: { invoice: Invoice; attempt: PaymentAttempt; url: string }) {
  const { can } = useSession()
  const cancelling = useSubmit({
    send: (_: undefined, key) => cancelPayLink(attempt.id, key),
    onDone: () => toast.done(t`The link is being taken back`),
  })
  return (
    <div className="flex flex-wrap items-center gap-2">
      <CopyId id={url} what="link" full />
      <Button
        size="sm"
        loading={cancelling.isPending}
        disabledReason={can('billing:manage', invoice.tenantId) ? undefined : NO_PERMISSION('billing:manage')}
        onClick={() =>
          cancelling.mutate(undefined, {
            onError: (error) => toast.failed(t`The link was not taken back`, error.message),
          })
        }
      >
        Take back
      </Button>
    </div>
  )
}

function Payments({ invoice, payments }: { invoice: Invoice; payments: PaidPart[] }) {
  const { can } = useSession()
  const [refunding, setRefunding] = useState<string | null>(null)
  if (payments.length === 0) return <p className="text-muted">Nothing was paid yet.</p>
  return (
    <section aria-label="Payments" className="space-y-2">
      <h3 className="font-semibold">Payments</h3>
      <ul className="divide-y divide-line rounded-md border border-line">
        {payments.map((payment) => (
          <li key={payment.id} className="space-y-2 p-3">
            <div className="flex flex-wrap items-center justify-between gap-2">
              <span>
                <span className="font-medium">{formatMoney(payment.amount)}</span>{' '}
                <span className="wrap-anywhere text-muted">
                  {humanize(payment.method)}, {payment.reference}, <Time at={payment.receivedAt} />
                </span>
              </span>
              {payment.provider !== 'manual' && refunding !== payment.id && (
                <Button
                  size="sm"
                  disabledReason={
                    !can('billing:manage', invoice.tenantId)
                      ? NO_PERMISSION('billing:manage')
                      : isZero(payment.refundable)
                        ? payment.disputes.some(({ state }) => state !== 'won')
                          ? t`The bank of the customer takes it back itself.`
                          : t`All of it was given back.`
                        : undefined
                  }
                  onClick={() => setRefunding(payment.id)}
                >
                  Refund
                </Button>
              )}
            </div>
            {payment.refunds.map((refund) => (
              <div key={refund.id} className="flex flex-wrap items-center gap-x-3 text-[13px] text-muted">
                <StateBadge of="refund" state={refund.state} />
                {formatMoney(refund.amount)} given back: {refund.reason}
                {refund.problem !== null && ` (${refund.problem})`}
              </div>
            ))}
            {payment.disputes.map((dispute) => (
              <div key={dispute.id} className="flex flex-wrap items-center gap-x-3 text-[13px] text-muted">
                <StateBadge of="dispute" state={dispute.state} />
                {formatMoney(dispute.amount)} disputed: {humanize(dispute.reason)}
                {dispute.closedAt === null && dispute.evidenceDueAt !== null && !dispute.evidenceSent && (
                  <span>
                    evidence due <Time at={dispute.evidenceDueAt} />
                  </span>
                )}
              </div>
            ))}
            {refunding === payment.id && <RefundForm payment={payment} onClose={() => setRefunding(null)} />}
          </li>
        ))}
      </ul>
    </section>
  )
}
