import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { giveCredit, statementQuery, type CustomerStatement } from '../../api/accounts.ts'
import type { Customer } from '../../api/customers.ts'
import { DaysForm, type Days } from '../../components/DaysForm.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { lastMonths } from '../../lib/days.ts'
import { formatMoney, toMinor } from '../../lib/money.ts'
import { humanize } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

type Movement = CustomerStatement['movements'][number]

/** What is in the ledger; where it is not here, its code says it. */
const WORDS: Record<string, string> = {
  issue: t`Invoice`,
  carry: t`Kept as credit`,
  carry_back: t`Credit taken back`,
  credit: t`Credit note`,
  grant: t`Credit by hand`,
  write_off: t`Written off`,
  use_credit: t`Use credit`,
  refund_failed: t`Refund failed`,
  dispute_fee: t`Dispute fee`,
  dispute_lost: t`Dispute lost`,
  dispute_regained: t`Dispute regained`,
}

/** Why nobody gives credit to such a customer. */
const NO_USE = {
  closed: t`The customer is closed: no invoice would use the credit.`,
  merged: t`The customer is merged: no invoice would use the credit.`,
}

const COLUMNS: Column<Movement>[] = [
  { header: t`When`, narrow: true, from: 'sm', render: ({ at }) => <Time at={at} /> },
  {
    header: t`What`,
    render: ({ kind, label }) => (
      <>
        <div className="font-medium">{WORDS[kind] ?? humanize(kind)}</div>
        <div className="text-[13px] break-all text-muted">{label}</div>
      </>
    ),
  },
  { header: t`Amount`, align: 'right', narrow: true, render: ({ amount }) => formatMoney(amount) },
  { header: t`Balance`, align: 'right', narrow: true, render: ({ balance }) => formatMoney(balance) },
]

/** What the customer owed and had in hand, from the ledger. */
export function CustomerAccount({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const permitted = can('billing:read', customer.tenantId)
  const [days, setDays] = useState<Days>(() => lastMonths(3))
  const [giving, setGiving] = useState(false)
  const query = useQuery({
    ...statementQuery(customer.id, days),
    enabled: permitted && days.from <= days.to,
  })
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('billing:read')}</p>
  const reason = !can('billing:manage', customer.tenantId)
    ? NO_PERMISSION('billing:manage')
    : customer.state === 'active'
      ? undefined
      : NO_USE[customer.state]
  return (
    <Card
      title="Statement"
      actions={
        <Button size="sm" disabledReason={reason} onClick={() => setGiving(true)}>
          Give credit
        </Button>
      }
    >
      <div className="space-y-4">
        <DaysForm value={days} onChange={setDays} />
        <Loaded query={query} what="statement">
          {({ opening, closing, movements, timeZone }) => (
            <div className="space-y-3">
              <p>
                Before: <strong className="tabular-nums">{formatMoney(opening)}</strong>
              </p>
              {movements.length === 0 ? (
                <p className="text-muted">Nothing has changed in these days.</p>
              ) : (
                <DataTable
                  label="Movements"
                  columns={COLUMNS}
                  rows={movements}
                  rowKey={({ at, kind, label, balance }) => `${at} ${kind} ${label} ${balance.amount}`}
                />
              )}
              <p>
                After: <strong className="tabular-nums">{formatMoney(closing)}</strong>
              </p>
              <p className="text-[13px] text-muted">
                Above zero the customer owes it, below zero he has it in hand. Days are those of {timeZone}.
              </p>
            </div>
          )}
        </Loaded>
      </div>
      <Dialog open={giving} onClose={() => setGiving(false)} title="Credit by hand">
        <CreditForm customer={customer} onClose={() => setGiving(false)} />
      </Dialog>
    </Card>
  )
}

type Values = { amount: string; direction: 'give' | 'take'; reason: string }

function CreditForm({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const of = useApiForm<Values, unknown>({
    defaultValues: { amount: '', direction: 'give', reason: '' },
    send: ({ amount, direction, reason }, key) =>
      giveCredit(
        customer.id,
        {
          amountMinor: `${direction === 'take' ? '-' : ''}${toMinor(amount, customer.currency) ?? ''}`,
          currency: customer.currency,
          reason,
        },
        key,
      ),
    onDone: () => {
      toast.done(t`The credit counts from now on`)
      onClose()
    },
    fieldOf: (path) => (path === 'amountMinor' ? 'amount' : path),
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <p>Later invoices are paid with it first. It is no credit note: taxes stay as they were invoiced.</p>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="What is done" error={errorOf('direction')}>
          <Select {...form.register('direction')}>
            <option value="give">Give credit</option>
            <option value="take">Take back what was given by mistake</option>
          </Select>
        </Field>
        <Field label={t`Amount (${customer.currency})`} error={errorOf('amount')}>
          <Input
            inputMode="decimal"
            {...form.register('amount', {
              required: REQUIRED,
              validate: (typed) =>
                !/^0*$/.test(toMinor(typed, customer.currency) ?? '') || t`An amount such as 4.99.`,
            })}
          />
        </Field>
      </div>
      <Field label="Reason" error={errorOf('reason')}>
        <Input maxLength={500} {...form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}
