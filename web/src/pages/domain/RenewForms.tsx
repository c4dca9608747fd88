import type { ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  renewDomain,
  restoreDomain,
  type DomainOrdered,
  type DomainRegistration,
} from '../../api/domainRegistrations.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { formatMoney } from '../../lib/money.ts'
import { count } from '../../lib/words.ts'
import { Checkbox, Field, Select } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

export function ordered({ job }: DomainOrdered): void {
  toast.done(t`Ordered`, job === null ? t`It begins when its invoice is paid.` : t`The registry is asked.`)
}

type Props = { of: DomainRegistration; onClose: () => void }

type Paying = { years: string; agreed: boolean }
type PayingForm = ReturnType<typeof useApiForm<Paying, DomainOrdered>>

/** Orders what costs something. The price of a premium name is agreed to by a tick. */
function Paid({
  of,
  onClose,
  priceOf,
  submitLabel,
  agreement,
  send,
  children,
}: Props & {
  priceOf: 'renewal' | 'restore'
  submitLabel: string
  agreement: string | null
  send: (order: { years: number; agreedMinor: string | undefined }, key: string) => Promise<DomainOrdered>
  children: (form: PayingForm) => ReactNode
}) {
  const form = useApiForm<Paying, DomainOrdered>({
    defaultValues: { years: '1', agreed: false },
    fieldOf: agreedField,
    send: ({ years }, key) =>
      send({ years: Number(years), agreedMinor: of.premium ? of[priceOf]?.amount : undefined }, key),
    onDone: (answer) => {
      ordered(answer)
      onClose()
    },
  })
  const agreed = form.form.watch('agreed')
  return (
    <Form
      of={form}
      submitLabel={submitLabel}
      submitReason={of.premium ? agreementMissing(of[priceOf], agreed) : undefined}
      onCancel={onClose}
    >
      {children(form)}
      {of.premium && (
        <Agreement text={agreement} error={form.errorOf('agreed')} {...form.form.register('agreed')} />
      )}
    </Form>
  )
}

export const Renew = ({ of, onClose }: Props) => (
  <Paid
    of={of}
    onClose={onClose}
    priceOf="renewal"
    submitLabel="Order the renewal"
    agreement={of.renewal && t`I agree to ${formatMoney(of.renewal)} for one more year of ${of.name}.`}
    send={(order, key) => renewDomain(of.id, order, key)}
  >
    {(form) => (of.premium ? <Risen of={of} /> : <Period of={of} form={form} />)}
  </Paid>
)

const Period = ({ of, form }: { of: DomainRegistration; form: PayingForm }) => (
  <Field
    label="Period"
    hint={of.renewal ? t`${formatMoney(of.renewal)} a year.` : t`It has no price in the customer’s currency.`}
    error={form.errorOf('years')}
  >
    <Select {...form.form.register('years')}>
      {Array.from({ length: 9 }, (_, at) => (
        <option key={at} value={at + 1}>
          {count(at + 1, t`year`, t`years`)}
        </option>
      ))}
    </Select>
  </Field>
)

export const Restore = ({ of, onClose }: Props) => (
  <Paid
    of={of}
    onClose={onClose}
    priceOf="restore"
    submitLabel="Order the restore"
    agreement={of.restore && t`I agree to ${formatMoney(of.restore)} for restoring ${of.name}.`}
    send={({ agreedMinor }, key) => restoreDomain(of.id, agreedMinor, key)}
  >
    {() => (
      <p>
        {of.restore
          ? t`The domain comes back out of its redemption, for ${formatMoney(of.restore)}.`
          : t`The domain comes back out of its redemption. It has no price in the customer’s currency.`}
      </p>
    )}
  </Paid>
)

/** The server's name of the price that was agreed to, and ours. */
export const agreedField = (path: string): string => (path === 'agreedMinor' ? 'agreed' : path)

/** Why something with a price of its own cannot be ordered yet. */
export const agreementMissing = (price: unknown, agreed: boolean): string | undefined =>
  price === null
    ? t`Its price is not known in the customer’s currency.`
    : agreed
      ? undefined
      : t`Agree to the price first.`

/** That a premium name costs more than it did when somebody last agreed. */
export function Risen({ of: { premium, renewal, renewalSeen } }: { of: DomainRegistration }) {
  if (!premium || !renewal || (renewalSeen && BigInt(renewal.amount) <= BigInt(renewalSeen.amount)))
    return null
  return (
    <Notice tone="warning" title="Its renewal costs more than was agreed to">
      {renewalSeen
        ? t`The registry asks for more: ${formatMoney(renewal)} a year instead of ${formatMoney(renewalSeen)}. It is not renewed by itself until somebody orders a renewal at this price.`
        : t`Nobody has agreed to ${formatMoney(renewal)} a year yet: it is not renewed by itself until somebody orders a renewal at this price.`}
    </Notice>
  )
}

/** A price that is agreed to by a tick of its own. */
export function Agreement({
  text,
  error,
  ...field
}: { text: string | null; error: string | undefined } & Omit<Parameters<typeof Checkbox>[0], 'label'>) {
  return (
    <div className="space-y-1">
      {text !== null && <Checkbox label={text} {...field} />}
      {error !== undefined && (
        <p role="alert" className="text-[13px] font-medium text-danger-text">
          {error}
        </p>
      )}
    </div>
  )
}
