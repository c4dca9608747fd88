import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  mergeCustomer,
  mergePreviewQuery,
  type MergeChoice,
  type MergePreview,
} from '../../api/customerMerge.ts'
import { customerQuery, type Customer } from '../../api/customers.ts'
import { TypeName } from '../../components/ConfirmDestroy.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { CustomerPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { formatMoney } from '../../lib/money.ts'
import { codeWords, humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'

const route = getRouteApi('/t/$tenant/customers/$id/merge')

/** Choose another customer, see what would move, decide what differs, confirm. */
export default function MergePage() {
  const { id } = route.useParams()
  const { from } = route.useSearch()
  const { tenant, can } = useSession()
  const navigate = route.useNavigate()
  const into = useQuery({ ...customerQuery(id), enabled: can('customers:merge') })
  const other = useQuery({ ...customerQuery(from ?? ''), enabled: from !== undefined })
  const preview = useQuery({
    ...mergePreviewQuery(id, from ?? ''),
    enabled: from !== undefined && can('customers:merge'),
  })
  return (
    <Page
      title="Merge customers"
      crumbs={[
        { label: t`Customers`, link: paths.customers(tenant.slug) },
        { label: into.data?.name ?? t`Customer`, link: paths.customer(tenant.slug, id) },
      ]}
      permission="customers:merge"
    >
      <div className="max-w-3xl space-y-4">
        <Card>
          <Field
            label="Merge this customer"
            hint={
              into.data
                ? t`Everything it has then belongs to ${into.data.name}, and it leads there.`
                : t`Everything it has then belongs to the other, and it leads there.`
            }
          >
            <CustomerPicker
              value={other.data ?? null}
              tenantId={into.data?.tenantId}
              except={id}
              onChange={(chosen) => void navigate({ search: { from: chosen.id }, replace: true })}
            />
          </Field>
        </Card>
        {from !== undefined && (
          <Loaded query={preview} what="preview">
            {(data) => <Preview key={data.token} data={data} onStale={() => void preview.refetch()} />}
          </Loaded>
        )}
      </div>
    </Page>
  )
}

type Values = { typed: string }

function Preview({ data, onStale }: { data: MergePreview; onStale: () => void }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const { into, from, fields, moves, balances, warnings, token } = data
  const [choices, setChoices] = useState<Record<string, MergeChoice>>({})
  const back = () => void navigate(paths.customer(tenant.slug, into.id))
  const of = useApiForm<Values, Customer>({
    defaultValues: { typed: '' },
    send: (_, key) => mergeCustomer(into.id, { from: from.id, token, choices }, key),
    onDone: () => {
      toast.done(t`Customers merged`)
      back()
    },
  })
  const stale = of.submission.error?.code === 'precondition_failed'
  return (
    <Form
      of={of}
      danger
      submitLabel="Merge"
      submitReason={of.form.watch('typed').trim() === from.name ? undefined : t`Type the name first.`}
      onCancel={back}
    >
      {stale && (
        <Notice
          tone="warning"
          title="Something changed since you looked."
          action={
            <button type="button" className="font-medium underline" onClick={onStale}>
              Show it as it is now
            </button>
          }
        />
      )}
      {warnings.map((warning) => (
        <Notice key={warning} tone="warning">
          <p>{warning}</p>
        </Notice>
      ))}
      <Card title={t`What moves to ${into.name}`}>
        {moves.length + balances.length === 0 ? (
          <p className="text-muted">{from.name} has nothing that could move.</p>
        ) : (
          <Facts
            facts={[
              ...moves.map(
                ({ kind, count, first }) =>
                  [
                    `${MOVES[kind] ?? humanize(kind)} (${count})`,
                    <Named key={kind} of={first} count={count} />,
                  ] as const,
              ),
              ...balances.map(
                ({ owes, credit }) =>
                  [
                    t`Money in ${owes.currency}`,
                    t`${formatMoney(owes)} owed, ${formatMoney(credit)} credit`,
                  ] as const,
              ),
            ]}
          />
        )}
      </Card>
      {fields.length > 0 && (
        <Card title="Where the two differ">
          <div className="space-y-4">
            {fields.map((field) => (
              <div key={field.field}>
                <p className="mb-1 font-medium">{fieldWords(field.field)}</p>
                <RadioCards
                  label={fieldWords(field.field)}
                  name={field.field}
                  value={choices[field.field] ?? field.suggested}
                  onChange={(value) => setChoices({ ...choices, [field.field]: value as MergeChoice })}
                  options={field.choices.map((choice) => ({
                    value: choice,
                    title: TITLE[choice](into, from),
                    detail:
                      choice === 'both'
                        ? undefined
                        : detailOf(field, choice === 'keep' ? field.into : field.from),
                  }))}
                />
              </div>
            ))}
          </div>
        </Card>
      )}
      <TypeName
        name={from.name}
        input={<Input autoComplete="off" spellCheck={false} {...of.form.register('typed')} />}
      />
    </Form>
  )
}

const MOVES: Record<string, string> = {
  subscriptions: t`Subscriptions`,
  cloud_pods: t`CloudPods`,
  invoices: t`Invoices`,
  payments: t`Payments`,
  customer_contacts: t`Customer contacts`,
  customer_notes: t`Customer notes`,
  domains: t`Domains`,
  billing_record_services: t`Billing record services`,
  billing_record_invoices: t`Billing record invoices`,
}
const FIELDS: Record<string, string> = {
  name: t`Name`,
  company: t`Company`,
  kind: t`Kind`,
  country: t`Country`,
  language: t`Language`,
  group: t`Group`,
  externalRef: t`External ref`,
  tags: t`Tags`,
  addresses: t`Addresses`,
  taxIds: t`Tax ids`,
}
const fieldWords = (field: string): string => FIELDS[field] ?? humanize(field.replace('custom.', ''))

const TITLE: Record<MergeChoice, (into: Customer, from: Customer) => string> = {
  keep: (into) => t`Keep that of ${into.name}`,
  take: (_, from) => t`Take that of ${from.name}`,
  both: () => t`Keep both`,
}

function Named({ of, count }: { of: MergePreview['moves'][number]['first']; count: number }) {
  return (
    <ul>
      {of.map(({ id, label }) => (
        <li key={id}>{label}</li>
      ))}
      {count > of.length && <li className="text-muted">and {count - of.length} more</li>}
    </ul>
  )
}

const detailOf = ({ field }: MergePreview['fields'][number], value: unknown): string =>
  field === 'kind' ? codeWords(String(value)) : text(value)

function text(value: unknown): string {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return t`nothing`
  if (Array.isArray(value)) return value.map(text).join('; ')
  if (typeof value !== 'object') return typeof value === 'string' ? value : JSON.stringify(value)
  const parts = 'name' in value ? [value.name] : Object.values(value).filter((part) => part !== '')
  return parts.map(text).join(', ')
}
