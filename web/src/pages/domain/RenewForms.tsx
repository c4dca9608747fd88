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

export function Renew({ of, onClose }: Props) {
  const form = useApiForm<{ years: string; agreed: boolean }, DomainOrdered>({
    defaultValues: { years: '1', agreed: false },
    fieldOf: agreedField,
    send: ({ years }, key) =>
      renewDomain(of.id, { years: Number(years), agreedMinor: premiumPrice(of, 'renewal') }, key),
    onDone: (answer) => {
      ordered(answer)
      onClose()
    },
  })
  const agreed = form.form.watch('agreed')
  return (
    <Form
      of={form}
      submitLabel="Order the renewal"
      submitReason={of.premium ? agreementMissing(of.renewal, agreed) : undefined}
      onCancel={onClose}
    >
      {of.premium ? (
        <>
          <Risen of={of} />
          <Agreement
            text={of.renewal && t`I agree to ${formatMoney(of.renewal)} for one more year of ${of.name}.`}
            error={form.errorOf('agreed')}
            {...form.form.register('agreed')}
          />
        </>
      ) : (
        <Field
          label="Period"
          hint={
            of.renewal
              ? t`${formatMoney(of.renewal)} a year.`
              : t`It has no price in the customer’s currency.`
          }
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
      )}
    </Form>
  )
}

export function Restore({ of, onClose }: Props) {
  const form = useApiForm<{ agreed: boolean }, DomainOrdered>({
    defaultValues: { agreed: false },
    fieldOf: agreedField,
    send: (_, key) => restoreDomain(of.id, premiumPrice(of, 'restore'), key),
    onDone: (answer) => {
      ordered(answer)
      onClose()
    },
  })
  const agreed = form.form.watch('agreed')
  return (
    <Form
      of={form}
      submitLabel="Order the restore"
      submitReason={of.premium ? agreementMissing(of.restore, agreed) : undefined}
      onCancel={onClose}
    >
      <p>
        {of.restore
          ? t`The domain comes back out of its redemption, for ${formatMoney(of.restore)}.`
          : t`The domain comes back out of its redemption. It has no price in the customer’s currency.`}
      </p>
      {of.premium && (
        <Agreement
          text={of.restore && t`I agree to ${formatMoney(of.restore)} for restoring ${of.name}.`}
          error={form.errorOf('agreed')}
          {...form.form.register('agreed')}
        />
      )}
    </Form>
  )
}

const premiumPrice = (of: DomainRegistration, what: 'renewal' | 'restore'): string | undefined =>
  of.premium ? of[what]?.amount : undefined

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
