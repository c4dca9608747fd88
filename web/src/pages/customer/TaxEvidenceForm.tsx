import { t } from '../../../../shared/text.ts'
import type { Customer } from '../../api/customers.ts'
import { recordTaxEvidence, type TaxEvidence } from '../../api/taxes.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = {
  taxId: string
  result: 'valid' | 'invalid'
  method: NonNullable<TaxEvidence['method']>
  reference: string
  reason: string
  from: string
  to: string
}

/** What was found out about a customer. */
export function TaxEvidenceForm({
  kind,
  customer,
  onClose,
}: {
  kind: TaxEvidence['kind']
  customer: Customer
  onClose: () => void
}) {
  const numbers = customer.taxIds.filter(({ type }) => type === 'vat')
  const of = useApiForm<Values, TaxEvidence>({
    defaultValues: {
      taxId: numbers[0]?.value ?? '',
      result: 'valid',
      method: 'vies',
      reference: '',
      reason: '',
      from: '',
      to: '',
    },
    send: ({ taxId, result, method, reference, reason, from, to }, key) =>
      recordTaxEvidence(
        customer.id,
        kind === 'tax_id'
          ? { kind, taxId, isValid: result === 'valid', method, reference, checkedOn: from }
          : { kind, reason, validFrom: from, validTo: to || null },
        key,
      ),
    onDone: () => {
      toast.done(t`Invoices follow it from now on`)
      onClose()
    },
    fieldOf: (path) =>
      path === 'checkedOn' || path === 'validFrom' ? 'from' : path === 'validTo' ? 'to' : path,
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Record" onCancel={onClose}>
      {kind === 'tax_id' ? (
        <>
          <Field label="VAT number" error={errorOf('taxId')}>
            <Select {...form.register('taxId')}>
              {numbers.map(({ value }) => (
                <option key={value}>{value}</option>
              ))}
            </Select>
          </Field>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Result" error={errorOf('isValid')}>
              <Select {...form.register('result')}>
                <option value="valid">Valid</option>
                <option value="invalid">Not valid</option>
              </Select>
            </Field>
            <Field label="How it was checked" error={errorOf('method')}>
              <Select {...form.register('method')}>
                <option value="vies">VIES</option>
                <option value="authority">The authority’s own service</option>
                <option value="document">A document</option>
                <option value="other">Otherwise</option>
              </Select>
            </Field>
            <Field label="Day of the check" error={errorOf('from')}>
              <Input type="date" {...form.register('from', { required: REQUIRED })} />
            </Field>
            <Field
              label="Reference"
              optional
              hint="The number of the answer, or where the document is."
              error={errorOf('reference')}
            >
              <Input maxLength={200} {...form.register('reference')} />
            </Field>
          </div>
        </>
      ) : (
        <>
          <Field label="Reason" hint="Stands on the invoice." error={errorOf('reason')}>
            <Input maxLength={500} {...form.register('reason', { required: REQUIRED })} />
          </Field>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="First day" error={errorOf('from')}>
              <Input type="date" {...form.register('from', { required: REQUIRED })} />
            </Field>
            <Field label="Last day" optional hint="Nothing: until further notice." error={errorOf('to')}>
              <Input type="date" {...form.register('to')} />
            </Field>
          </div>
        </>
      )}
    </Form>
  )
}
