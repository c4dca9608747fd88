import { useState } from 'react'
import {
  percentOf,
  TAX_CATEGORIES,
  TAX_CATEGORY_WORDS,
  type TaxCategory,
} from '../../../../shared/states/tax.ts'
import { t } from '../../../../shared/text.ts'
import { createTaxRule, updateTaxRule, type TaxRule } from '../../api/taxes.ts'
import { CountrySelect } from '../../components/CountrySelect.tsx'
import { Form, REQUIRED, useApiForm, type ApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { ppmOf } from '../../lib/percent.ts'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = {
  sellerCountry: string
  destination: string
  region: string
  customerKind: TaxRule['customerKind']
  needsValidTaxId: boolean
  category: TaxCategory
  percent: string
  reason: string
  validFrom: string
  validTo: string
}

/** A new rule, or the rate, reason and days of one that is there. */
export function TaxRuleForm({ rule, onClose }: { rule: TaxRule | undefined; onClose: () => void }) {
  const { tenant, can } = useSession()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const [forAll, setForAll] = useState(tenant.id === undefined && can('billing:manage', null))
  const of = useApiForm<Values, TaxRule>({
    defaultValues: {
      sellerCountry: rule?.sellerCountry ?? '',
      destination: rule?.destination ?? '',
      region: rule?.region ?? '',
      customerKind: rule?.customerKind ?? 'any',
      needsValidTaxId: rule?.needsValidTaxId ?? false,
      category: rule?.category ?? 'S',
      percent: rule && rule.ratePpm > 0 ? percentOf(rule.ratePpm) : '',
      reason: rule?.reason ?? '',
      validFrom: rule?.validFrom ?? '',
      validTo: rule?.validTo ?? '',
    },
    send: (values, key) => {
      const said = {
        category: values.category,
        ratePpm: values.category === 'S' ? (ppmOf(values.percent) ?? 0) : 0,
        reason: values.reason,
        validFrom: values.validFrom,
        validTo: values.validTo || null,
      }
      if (rule) return updateTaxRule(rule.id, said, rule.version)
      const { customerKind, needsValidTaxId, region } = values
      const place = {
        sellerCountry: values.sellerCountry || null,
        destination: code(values.destination),
      }
      const tenantId = forAll ? null : (owner?.id ?? null)
      return createTaxRule({ ...said, ...place, region, customerKind, needsValidTaxId, tenantId }, key)
    },
    onDone: () => {
      toast.done(t`Invoices follow the rule from now on`)
      onClose()
    },
    fieldOf: (path) => (path === 'ratePpm' ? 'percent' : path),
  })
  const { form, errorOf } = of
  const category = form.watch('category')
  return (
    <Form
      of={of}
      submitLabel="Save"
      submitReason={!rule && !forAll && owner === null ? t`Choose the tenant first.` : undefined}
      onCancel={onClose}
    >
      {!rule && tenant.id === undefined && (
        <>
          <Checkbox
            label="For all tenants"
            checked={forAll}
            onChange={({ target }) => setForAll(target.checked)}
          />
          {!forAll && (
            <Field label="Tenant">
              <TenantPicker value={owner} onChange={setOwner} />
            </Field>
          )}
        </>
      )}
      {!rule && <Place of={of} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Tax" error={errorOf('category')}>
          <Select {...form.register('category')}>
            {TAX_CATEGORIES.map((one) => (
              <option key={one} value={one}>
                {TAX_CATEGORY_WORDS[one]}
              </option>
            ))}
          </Select>
        </Field>
        {category === 'S' && (
          <Field label="Percent" error={errorOf('percent')}>
            <Input
              inputMode="decimal"
              {...form.register('percent', {
                validate: (typed) =>
                  form.getValues('category') !== 'S' ||
                  ppmOf(typed) !== undefined ||
                  t`More than 0 and at most 100, with up to four decimals.`,
              })}
            />
          </Field>
        )}
      </div>
      <Field
        label="Reason"
        optional={category === 'S' || category === 'Z'}
        hint="Stands on the invoice."
        error={errorOf('reason')}
      >
        <Input maxLength={500} {...form.register('reason')} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="First day" error={errorOf('validFrom')}>
          <Input type="date" {...form.register('validFrom', { required: REQUIRED })} />
        </Field>
        <Field label="Last day" optional hint="Nothing: until further notice." error={errorOf('validTo')}>
          <Input type="date" {...form.register('validTo')} />
        </Field>
      </div>
    </Form>
  )
}

const code = (typed: string): string => typed.trim().toUpperCase()

/** For which customers it counts; another place is another rule. */
function Place({ of: { form, errorOf } }: { of: ApiForm<Values, TaxRule> }) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field
        label="Where the customer is"
        hint="A country’s code such as IT; EU: its other members; *: anywhere else."
        error={errorOf('destination')}
      >
        <Input maxLength={2} {...form.register('destination', { required: REQUIRED })} />
      </Field>
      <Field label="Region" optional hint="Nothing: all of it." error={errorOf('region')}>
        <Input maxLength={100} {...form.register('region')} />
      </Field>
      <Field label="Customers" error={errorOf('customerKind')}>
        <Select {...form.register('customerKind')}>
          <option value="any">All</option>
          <option value="person">Persons</option>
          <option value="company">Companies</option>
        </Select>
      </Field>
      <Field label="Sold from" optional error={errorOf('sellerCountry')}>
        <CountrySelect none={t`Anywhere`} {...form.register('sellerCountry')} />
      </Field>
      <Checkbox label="Only customers whose tax id was found valid" {...form.register('needsValidTaxId')} />
    </div>
  )
}
