import { t } from '../../../../shared/text.ts'
import type { Customer } from '../../api/customers.ts'
import { useSubmit } from '../../api/submit.ts'
import { checkTaxId, type TaxIdCheck } from '../../api/taxes.ts'
import { Badge, type Tone } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

const RESULTS: Record<NonNullable<TaxIdCheck['result']>, { word: string; tone: Tone }> = {
  valid: { word: t`Valid`, tone: 'success' },
  invalid: { word: t`Not valid`, tone: 'danger' },
  unknown: { word: t`Not found out`, tone: 'warning' },
}

/** How the last checks of the customer's VAT numbers went. */
export function TaxIdChecks({
  customer,
  checks,
  reason,
}: {
  customer: Customer
  checks: TaxIdCheck[]
  /** Why nobody may have one checked here. */
  reason: string | undefined
}) {
  return (
    <Card title="VAT numbers in VIES">
      <ul aria-label="VAT numbers in VIES" className="divide-y divide-line">
        {checks.map((check) => (
          <Row key={check.taxId} customer={customer} check={check} reason={reason} />
        ))}
      </ul>
    </Card>
  )
}

function Row({
  customer,
  check: { taxId, result, problem, traderName, reference, askedAt },
  reason,
}: {
  customer: Customer
  check: TaxIdCheck
  reason: string | undefined
}) {
  const checking = useSubmit({
    send: (_: undefined, key) => checkTaxId(customer.id, taxId, key),
    onDone: () => toast.done(t`${taxId} is being checked`),
  })
  const { word, tone } =
    result === null ? { word: t`Not checked yet`, tone: 'neutral' as const } : RESULTS[result]
  return (
    <li className="flex flex-wrap items-start justify-between gap-2 py-3">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2 break-words">
          {taxId} <Badge tone={tone}>{word}</Badge>
        </p>
        {traderName !== null && <p className="mt-1 break-words">{traderName}</p>}
        {problem !== null && (
          <p className="mt-1 break-words text-muted">
            {problem} {t`What was known before still counts, and it is tried again.`}
          </p>
        )}
        {askedAt !== null && (
          <p className="mt-1 text-[13px] break-words text-muted">
            <Time at={askedAt} />
            {reference !== null && (
              <>
                {' · '}
                {t`consultation ${reference}`}
              </>
            )}
          </p>
        )}
      </div>
      <Button
        size="sm"
        aria-label={t`Check now: ${taxId}`}
        loading={checking.isPending}
        disabledReason={reason}
        onClick={() =>
          checking.mutate(undefined, {
            onError: (error) => toast.failed(t`It is not being checked`, error.message),
          })
        }
      >
        Check now
      </Button>
    </li>
  )
}
