import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { FileCheck } from 'lucide-react'
import { useState } from 'react'
import { percentOf, TAX_CATEGORY_WORDS } from '../../../../shared/states/tax.ts'
import { t } from '../../../../shared/text.ts'
import type { Customer } from '../../api/customers.ts'
import { customerTaxQuery, endTaxEvidence, taxEvidenceQuery, type TaxEvidence } from '../../api/taxes.ts'
import { useSubmit } from '../../api/submit.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { LoadMore } from '../../components/LoadMore.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Day, Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { TaxEvidenceForm } from './TaxEvidenceForm.tsx'
import { TaxIdChecks } from './TaxIdChecks.tsx'

/** Why nothing is taxed, as the server says it but for capitals. */
const WHY_NOT: Record<string, string> = {
  'the seller has no tax details.': t`The seller has no tax details.`,
  'there are no tax rules.': t`There are no tax rules.`,
}

/** How the customer is taxed, why, and what that is based on. */
export function CustomerTax({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const permitted = can('billing:read', customer.tenantId)
  const tax = useQuery({ ...customerTaxQuery(customer.id), enabled: permitted })
  const evidence = useInfiniteQuery({ ...taxEvidenceQuery(customer.id), enabled: permitted })
  const [adding, setAdding] = useState<TaxEvidence['kind'] | null>(null)
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('billing:read')}</p>
  const reason = can('billing:manage', customer.tenantId) ? undefined : NO_PERMISSION('billing:manage')
  const vat = customer.taxIds.filter(({ type }) => type === 'vat')
  return (
    <div className="space-y-4">
      <Card title="Today">
        <Loaded query={tax} what="tax">
          {({ category, ratePpm, why }) => (
            <>
              <p className="font-medium">
                {category === null
                  ? t`Without tax`
                  : ratePpm > 0
                    ? `${percentOf(ratePpm)} %`
                    : TAX_CATEGORY_WORDS[category]}
              </p>
              <p className="mt-1 break-words text-muted">{WHY_NOT[why.toLowerCase()] ?? why}</p>
            </>
          )}
        </Loaded>
      </Card>
      {tax.data !== undefined && tax.data.checks.length > 0 && (
        <TaxIdChecks customer={customer} checks={tax.data.checks} reason={reason} />
      )}
      <Card
        title="Evidence"
        actions={
          <>
            <Button
              size="sm"
              disabledReason={reason ?? (vat.length === 0 ? t`The customer has no VAT number.` : undefined)}
              onClick={() => setAdding('tax_id')}
            >
              Record a check
            </Button>
            <Button size="sm" disabledReason={reason} onClick={() => setAdding('exemption')}>
              Exempt
            </Button>
          </>
        }
      >
        <Loaded query={evidence} what="evidence">
          {(rows) =>
            rows.length === 0 ? (
              <EmptyState icon={FileCheck} title="Nothing was recorded">
                Checks of the customer’s VAT numbers, and exemptions with their reason.
              </EmptyState>
            ) : (
              <ul aria-label="Evidence" className="divide-y divide-line">
                {rows.map((row) => (
                  <Row key={row.id} row={row} reason={reason} />
                ))}
              </ul>
            )
          }
        </Loaded>
        <LoadMore query={evidence} what="evidence" />
      </Card>
      <Dialog
        open={adding !== null}
        onClose={() => setAdding(null)}
        title={adding === 'exemption' ? t`Exempt the customer from tax` : t`Record a check of a VAT number`}
      >
        {adding && <TaxEvidenceForm kind={adding} customer={customer} onClose={() => setAdding(null)} />}
      </Dialog>
    </div>
  )
}

const METHODS = {
  vies: t`checked in VIES`,
  authority: t`checked by the authority`,
  document: t`checked by a document`,
  other: t`checked otherwise`,
}

function Row({ row, reason }: { row: TaxEvidence; reason: string | undefined }) {
  const ending = useSubmit({
    send: () => endTaxEvidence(row.id),
    onDone: () => toast.done(t`It does not count any more`),
  })
  return (
    <li className="flex flex-wrap items-start justify-between gap-2 py-3">
      <div className="min-w-0 flex-1">
        <p className={row.endedAt === null ? 'break-words' : 'break-words text-muted line-through'}>
          {row.kind === 'exemption'
            ? t`Exempt: ${row.reason ?? ''}`
            : `${row.isValid ? t`${row.taxId ?? ''} is valid` : t`${row.taxId ?? ''} is not valid`}, ${METHODS[row.method ?? 'other']}${row.reference === '' ? '' : ` (${row.reference})`}`}
        </p>
        <p className="mt-1 text-[13px] text-muted">
          <Day date={row.validFrom} />
          {row.validTo !== null && (
            <>
              {' – '}
              <Day date={row.validTo} />
            </>
          )}{' '}
          · {row.by}, <Time at={row.createdAt} />
          {row.endedAt !== null && (
            <>
              {' '}
              · taken back <Time at={row.endedAt} />
            </>
          )}
        </p>
      </div>
      {row.endedAt === null && (
        <Button
          size="sm"
          loading={ending.isPending}
          disabledReason={reason}
          onClick={() =>
            ending.mutate(undefined, {
              onError: (error) => toast.failed(t`It was not taken back`, error.message),
            })
          }
        >
          Take back
        </Button>
      )}
    </li>
  )
}
