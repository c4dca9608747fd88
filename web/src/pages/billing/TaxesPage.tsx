import { useQuery } from '@tanstack/react-query'
import { Percent, Plus } from 'lucide-react'
import { useState } from 'react'
import { percentOf, TAX_CATEGORY_WORDS } from '../../../../shared/states/tax.ts'
import { t } from '../../../../shared/text.ts'
import { removeTaxRule, taxRulesQuery, type TaxRule } from '../../api/taxes.ts'
import { useSubmit } from '../../api/submit.ts'
import { List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Day } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { TaxRuleForm } from './TaxRuleForm.tsx'
import { TaxSellerCard } from './TaxSellerCard.tsx'

const WHERE: Record<string, string> = { EU: t`Other EU members`, '*': t`Anywhere else` }
const where = ({ destination, region, sellerCountry }: TaxRule): string =>
  `${WHERE[destination] ?? destination}${region === '' ? '' : `, ${region}`}${sellerCountry === null ? '' : t`, sold from ${sellerCountry}`}`

const KINDS = { any: t`All customers`, person: t`Persons`, company: t`Companies` }
const whom = ({ customerKind, needsValidTaxId }: TaxRule): string =>
  KINDS[customerKind] + (needsValidTaxId ? ` ${t`with a valid tax id`}` : '')

export default function TaxesPage() {
  const { tenant, can } = useSession()
  const permitted = can('billing:read')
  const query = useQuery({ ...taxRulesQuery({ tenantId: tenant.id, limit: 200 }), enabled: permitted })
  const [editing, setEditing] = useState<{ rule: TaxRule | undefined } | null>(null)
  const close = () => setEditing(null)
  const columns: Column<TaxRule>[] = [
    {
      header: t`Where and whom`,
      render: (rule) => (
        <>
          <div className="font-medium break-words">{where(rule)}</div>
          <div className="text-[13px] break-words text-muted">
            {whom(rule)}; {rule.tenantName ?? t`all tenants`}
          </div>
        </>
      ),
    },
    {
      header: t`Tax`,
      render: ({ category, ratePpm, reason }) => (
        <>
          {ratePpm > 0 ? `${percentOf(ratePpm)} %` : TAX_CATEGORY_WORDS[category]}
          {reason !== '' && <div className="text-[13px] break-words text-muted">{reason}</div>}
        </>
      ),
    },
    {
      header: t`Counts`,
      from: 'md',
      narrow: true,
      render: ({ validFrom, validTo }) => (
        <>
          from <Day date={validFrom} />
          {validTo !== null && (
            <>
              {' '}
              to <Day date={validTo} />
            </>
          )}
        </>
      ),
    },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (rule) => <Actions rule={rule} onEdit={() => setEditing({ rule })} />,
    },
  ]
  return (
    <Page
      title="Taxes"
      permission="billing:read"
      actions={
        <Button
          variant="primary"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={
            can('billing:manage', tenant.id ?? null) ? undefined : NO_PERMISSION('billing:manage')
          }
          onClick={() => setEditing({ rule: undefined })}
        >
          New rule
        </Button>
      }
    >
      <div className="space-y-4">
        <p className="max-w-3xl text-muted">
          Invoices are taxed once a tenant has said who sells and there are rules. Of the rules for the
          customer’s place the most special one counts; another EU member’s rate only where the seller is
          registered, else that of its own country. What was issued stays as it was.
        </p>
        {tenant.id !== undefined && <TaxSellerCard tenantId={tenant.id} />}
        <Card title="Rules" flush>
          <List
            query={query}
            what="rules"
            columns={columns}
            empty={
              <EmptyState icon={Percent} title="No rules">
                Invoices are without tax.
              </EmptyState>
            }
          />
        </Card>
      </div>
      <Dialog
        open={editing !== null}
        onClose={close}
        title={editing?.rule ? t`Change a rule` : t`New tax rule`}
      >
        {editing && <TaxRuleForm rule={editing.rule} onClose={close} />}
      </Dialog>
    </Page>
  )
}

function Actions({ rule, onEdit }: { rule: TaxRule; onEdit: () => void }) {
  const { can } = useSession()
  const reason = can('billing:manage', rule.tenantId) ? undefined : NO_PERMISSION('billing:manage')
  const remove = useSubmit({
    send: () => removeTaxRule(rule.id),
    onDone: () => toast.done(t`The rule counts no more; invoices stay as they are`),
  })
  return (
    <div className="flex flex-wrap justify-end gap-2">
      <Button size="sm" disabledReason={reason} onClick={onEdit}>
        Change
      </Button>
      <Button
        size="sm"
        loading={remove.isPending}
        disabledReason={reason}
        onClick={() =>
          remove.mutate(undefined, {
            onError: (error) => toast.failed(t`The rule was not removed`, error.message),
          })
        }
      >
        Remove
      </Button>
    </div>
  )
}
