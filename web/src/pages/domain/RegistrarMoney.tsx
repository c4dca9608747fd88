import { t } from '../../../../shared/text.ts'
import { updateRegistrar, type Registrar } from '../../api/registrars.ts'
import { Form, numberOrNone, useApiForm } from '../../components/Form.tsx'
import { formatMoney, toMajor, toMinor } from '../../lib/money.ts'
import { count } from '../../lib/words.ts'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

/** What counts as low: our own limit or the registry's, the higher one. */
function limitOf({ lowBalance, registryLimit }: Registrar) {
  if (lowBalance === null || registryLimit === null) return lowBalance ?? registryLimit
  return BigInt(lowBalance.amount) > BigInt(registryLimit.amount) ? lowBalance : registryLimit
}

/** That there is too little in an account, in a sentence; null: there is enough. */
export function lowBalanceWords(of: Registrar): string | null {
  if (of.balanceLowAt === null) return null
  const limit = limitOf(of)
  const left = of.balance ? formatMoney(of.balance) : t`Too little`
  const words = limit ? t`${left} is left; low is below ${formatMoney(limit)}.` : t`${left} is left.`
  return of.heldOrders === 0
    ? words
    : t`${words} ${count(of.heldOrders, t`order waits`, t`orders wait`)} until it is filled.`
}

export function LowBalanceNotice({ registrar }: { registrar: Registrar }) {
  const words = lowBalanceWords(registrar)
  if (words === null || registrar.balanceLowAt === null) return null
  return (
    <Notice tone={registrar.heldOrders > 0 ? 'danger' : 'warning'} title="The account needs money">
      <p>{words}</p>
      <p>
        Low since <Time at={registrar.balanceLowAt} />. Pay in at the registrar: orders that wait go on by
        themselves.
      </p>
    </Notice>
  )
}

export function LowBalance({ registrar, onClose }: { registrar: Registrar; onClose: () => void }) {
  const { currency, lowBalance } = registrar
  const of = useApiForm<{ amount: string }, Registrar>({
    defaultValues: { amount: lowBalance ? toMajor(lowBalance) : '' },
    fieldOf: () => 'amount',
    send: ({ amount }) => updateRegistrar(registrar, { lowBalanceMinor: toMinor(amount, currency) }),
    onDone: () => {
      toast.done(t`Saved`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field
        label={t`Warn below (${currency})`}
        hint="Who manages the infrastructure gets one mail when less is left. Empty: no warning."
        error={errorOf('amount')}
      >
        <Input
          inputMode="decimal"
          {...form.register('amount', {
            validate: (typed) =>
              typed.trim() === '' || toMinor(typed, currency) !== null || t`An amount such as 100.00.`,
          })}
        />
      </Field>
    </Form>
  )
}

/** Whether and at what margin premium names are sold. */
export function PremiumMargin({ registrar, onClose }: { registrar: Registrar; onClose: () => void }) {
  const of = useApiForm<{ premiumMarginPercent: number | null }, Registrar>({
    defaultValues: { premiumMarginPercent: registrar.premiumMarginPercent },
    send: (values) => updateRegistrar(registrar, values),
    onDone: () => {
      toast.done(t`Saved`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field
        label="Margin in percent"
        hint={t`Premium names cost what the registry asks for each, and this much more. They are sold in ${registrar.currency} only. Empty: they are not sold.`}
        error={errorOf('premiumMarginPercent')}
      >
        <Input inputMode="numeric" {...form.register('premiumMarginPercent', numberOrNone(1000))} />
      </Field>
    </Form>
  )
}
