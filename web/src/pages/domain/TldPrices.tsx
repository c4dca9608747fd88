import { useInfiniteQuery } from '@tanstack/react-query'
import { Tags, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { pricesQuery, removePrice, setPrice, type Registrar, type TldPrice } from '../../api/registrars.ts'
import { useSubmit } from '../../api/submit.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { LoadMore } from '../../components/LoadMore.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { formatMoney, toMajor, toMinor } from '../../lib/money.ts'
import { count } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

const DEEDS: Record<TldPrice['operation'], string> = {
  register: t`Registration`,
  renew: t`Renewal`,
  transferIn: t`Transfer to us`,
  restore: t`Restore`,
}

const deedOf = ({ operation, years }: TldPrice): string =>
  years === 1 ? DEEDS[operation] : `${DEEDS[operation]}, ${count(years, t`year`, t`years`)}`

/** What an account's registrations cost, and what is asked for them. */
export function TldPrices({ registrar }: { registrar: Registrar }) {
  const { can } = useSession()
  const query = useInfiniteQuery(pricesQuery(registrar.id))
  const [editing, setEditing] = useState<TldPrice | 'new' | null>(null)
  const take = useSubmit<string, null>({
    send: (id) => removePrice(id),
    onDone: () => toast.done(t`Price removed`, t`It is not sold any more.`),
  })
  const why = can('infrastructure:manage') ? undefined : NO_PERMISSION('infrastructure:manage')
  const columns: Column<TldPrice>[] = [
    {
      header: 'TLD',
      render: (row) => (
        <div>
          <p className="font-medium">.{row.tld}</p>
          <p className="text-[13px] text-muted sm:hidden">{deedOf(row)}</p>
        </div>
      ),
    },
    { header: t`For`, from: 'sm', render: deedOf },
    { header: t`Cost`, align: 'right', from: 'md', render: ({ cost }) => formatMoney(cost) },
    { header: t`Margin`, align: 'right', from: 'md', render: ({ margin }) => formatMoney(margin) },
    { header: t`Price`, align: 'right', render: ({ price }) => formatMoney(price) },
    {
      header: t`Change`,
      align: 'right',
      narrow: true,
      render: (row) => (
        <span className="inline-flex gap-1">
          <Button size="sm" disabledReason={why} onClick={() => setEditing(row)}>
            Change
          </Button>
          <Button
            size="icon"
            variant="ghost"
            aria-label={t`Remove the price of .${row.tld}, ${DEEDS[row.operation]}`}
            disabledReason={why}
            onClick={() => take.mutate(row.id)}
            icon={<Trash2 aria-hidden className="size-4" />}
          />
        </span>
      ),
    },
  ]
  return (
    <Card
      title="Prices"
      flush
      actions={
        <Button size="sm" disabledReason={why} onClick={() => setEditing('new')}>
          Set a price
        </Button>
      }
    >
      <Loaded query={query} what="prices">
        {(items) =>
          items.length === 0 ? (
            <EmptyState icon={Tags} title="No prices yet">
              What has no price is not sold.
            </EmptyState>
          ) : (
            <>
              <DataTable label="prices" columns={columns} rows={items} rowKey={({ id }) => id} />
              <LoadMore query={query} what="prices" />
            </>
          )
        }
      </Loaded>
      <Dialog open={editing !== null} onClose={() => setEditing(null)} title="Set a price">
        <PriceForm
          registrarId={registrar.id}
          price={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
        />
      </Dialog>
    </Card>
  )
}

type Values = {
  tld: string
  operation: TldPrice['operation']
  years: string
  currency: string
  cost: string
  margin: string
}

function PriceForm({
  registrarId,
  price,
  onClose,
}: {
  registrarId: string
  price: TldPrice | null
  onClose: () => void
}) {
  const of = useApiForm<Values, TldPrice>({
    defaultValues: {
      tld: price?.tld ?? '',
      operation: price?.operation ?? 'register',
      years: String(price?.years ?? 1),
      currency: price?.price.currency ?? 'EUR',
      cost: price ? toMajor(price.cost) : '',
      margin: price ? toMajor(price.margin) : '0',
    },
    fieldOf: (path) => path.replace(/Minor$/, ''),
    send: ({ cost, margin, ...values }) =>
      setPrice({
        registrarId,
        tld: values.tld.trim().replace(/^\./, ''),
        operation: values.operation,
        years: Number(values.years),
        currency: values.currency,
        costMinor: toMinor(cost, values.currency) ?? '',
        marginMinor: toMinor(margin, values.currency) ?? '',
      }),
    onDone: () => {
      toast.done(t`Price set`)
      onClose()
    },
  })
  const { form, errorOf } = of
  const amount = {
    required: REQUIRED,
    validate: (typed: string) =>
      toMinor(typed, form.getValues('currency')) !== null || t`An amount such as 9.99.`,
  }
  return (
    <Form of={of} submitLabel="Set the price" onCancel={onClose}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="TLD" hint="Such as com." error={errorOf('tld')}>
          <Input
            autoCapitalize="none"
            spellCheck={false}
            readOnly={price !== null}
            {...form.register('tld', { required: REQUIRED })}
          />
        </Field>
        <Field label="For" error={errorOf('operation')}>
          <Select {...form.register('operation')}>
            {Object.entries(DEEDS).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        </Field>
        <Field
          label="Years"
          hint="Periods without a price of their own cost so many times that of one year."
          error={errorOf('years')}
        >
          <Select {...form.register('years')}>
            {Array.from({ length: 10 }, (_, at) => (
              <option key={at} value={at + 1}>
                {at + 1}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="Currency" hint="Of the customers who buy at this price." error={errorOf('currency')}>
          <Input maxLength={3} {...form.register('currency', { required: REQUIRED })} />
        </Field>
        <Field label="Cost" hint="What the registry takes." error={errorOf('cost')}>
          <Input inputMode="decimal" {...form.register('cost', amount)} />
        </Field>
        <Field label="Margin" hint="What is added." error={errorOf('margin')}>
          <Input inputMode="decimal" {...form.register('margin', amount)} />
        </Field>
      </div>
    </Form>
  )
}
