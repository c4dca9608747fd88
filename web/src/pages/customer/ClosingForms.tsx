import { useQuery } from '@tanstack/react-query'
import { t } from '../../../../shared/text.ts'
import {
  closeCustomer,
  closingQuery,
  eraseCustomer,
  reopenCustomer,
  type Closing,
} from '../../api/customerMerge.ts'
import type { Customer } from '../../api/customers.ts'
import { TypeName } from '../../components/ConfirmDestroy.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { humanize } from '../../lib/words.ts'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

type Of = { customer: Customer; onClose: () => void }
type Values = { cancelSubscriptions: boolean; keepCredit: boolean; reason: string; typed: string }

/** Shows what would end and what prevents it, before it can be confirmed. */
export function CloseForm({ customer, onClose }: Of) {
  const of = useApiForm<Values, Closing>({
    defaultValues: { cancelSubscriptions: false, keepCredit: false, reason: '', typed: '' },
    send: (values, key) =>
      closeCustomer(
        customer.id,
        {
          cancelSubscriptions: values.cancelSubscriptions,
          keepCredit: values.keepCredit,
          reason: values.reason,
        },
        key,
      ),
    onDone: () => {
      toast.done(t`Customer closed`)
      onClose()
    },
  })
  const { cancelSubscriptions, keepCredit, typed } = of.form.watch()
  const dryRun = useQuery(closingQuery(customer.id, { cancelSubscriptions, keepCredit }))
  const { data } = dryRun
  const reason =
    data === undefined
      ? t`Loading.`
      : data.blockers.length > 0
        ? t`Something prevents it; see above.`
        : data.ends.length > 0 && typed.trim() !== customer.name
          ? t`Type the name first.`
          : undefined
  return (
    <Form of={of} danger submitLabel="Close customer" submitReason={reason} onCancel={onClose}>
      <p>A closed customer can order nothing. It can be reopened; what has ended does not come back.</p>
      <Checkbox
        label="Cancel all subscriptions now and destroy their CloudPods"
        {...of.form.register('cancelSubscriptions')}
      />
      <Checkbox label="Close although there is credit; it stays" {...of.form.register('keepCredit')} />
      <Loaded query={dryRun} what="dry run">
        {({ blockers, ends }) => (
          <div className="space-y-3">
            {blockers.length > 0 && (
              <Notice tone="warning" title="This prevents it">
                <Matters of={blockers} />
              </Notice>
            )}
            {ends.length > 0 && (
              <Notice tone="info" title="This happens with it">
                <Matters of={ends} />
              </Notice>
            )}
            {blockers.length + ends.length === 0 && (
              <Notice tone="success" title="Nothing is live, and nothing is owed." />
            )}
          </div>
        )}
      </Loaded>
      <Field label="Reason" optional error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason')} />
      </Field>
      {data !== undefined && data.ends.length > 0 && data.blockers.length === 0 && (
        <TypeName
          name={customer.name}
          input={<Input autoComplete="off" spellCheck={false} {...of.form.register('typed')} />}
        />
      )}
    </Form>
  )
}

function Matters({ of }: { of: Closing['ends'] }) {
  return (
    <ul className="list-disc space-y-1 pl-5">
      {of.map(({ kind, id, label, text }) => (
        <li key={`${kind} ${id ?? label}`}>
          {humanize(kind)} <span className="font-medium break-all">{label}</span>: {text}
        </li>
      ))}
    </ul>
  )
}

export function ReopenForm({ customer, onClose }: Of) {
  const of = useApiForm<Record<string, never>, Customer>({
    defaultValues: {},
    send: (_, key) => reopenCustomer(customer.id, key),
    onDone: () => {
      toast.done(t`Customer reopened`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Reopen" onCancel={onClose}>
      <p>The customer can order again. What had ended stays ended.</p>
    </Form>
  )
}

export function EraseForm({ customer, onClose }: Of) {
  const of = useApiForm<{ reason: string; typed: string }, Customer>({
    defaultValues: { reason: '', typed: '' },
    send: ({ reason }, key) => eraseCustomer(customer.id, reason, key),
    onDone: () => {
      toast.done(t`The personal data is erased`)
      onClose()
    },
  })
  return (
    <Form
      of={of}
      danger
      submitLabel="Erase"
      submitReason={of.form.watch('typed').trim() === customer.name ? undefined : t`Type the name first.`}
      onCancel={onClose}
    >
      <p>
        Name, e-mail, addresses, tax ids, further fields, contacts and notes are removed for good, also those
        of customers that were merged into this one. Invoices, payments and the audit log stay as the law
        wants them. The customer cannot be reopened.
      </p>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
      <TypeName
        name={customer.name}
        input={<Input autoComplete="off" spellCheck={false} {...of.form.register('typed')} />}
      />
    </Form>
  )
}
