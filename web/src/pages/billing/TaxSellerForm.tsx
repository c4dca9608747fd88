import { t } from '../../../../shared/text.ts'
import { setTaxSeller, type TaxSeller } from '../../api/taxes.ts'
import { CountrySelect } from '../../components/CountrySelect.tsx'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { tagsOf } from '../../lib/words.ts'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = {
  legalName: string
  line1: string
  line2: string
  postalCode: string
  city: string
  region: string
  country: string
  taxId: string
  registered: string
  pricesIncludeTax: boolean
  evidenceDays: number
}

/** Says who sells, as it stands on the tenant’s invoices. */
export function TaxSellerForm({ seller, onClose }: { seller: TaxSeller; onClose: () => void }) {
  const before = seller.details
  const of = useApiForm<Values, TaxSeller>({
    defaultValues: {
      legalName: before?.legalName ?? '',
      line1: before?.address.line1 ?? '',
      line2: before?.address.line2 ?? '',
      postalCode: before?.address.postalCode ?? '',
      city: before?.address.city ?? '',
      region: before?.address.region ?? '',
      country: before?.country ?? '',
      taxId: before?.taxId ?? '',
      registered: (before?.registeredCountries ?? []).join(', '),
      pricesIncludeTax: before?.pricesIncludeTax ?? false,
      evidenceDays: before?.evidenceDays ?? 365,
    },
    send: ({ line1, line2, postalCode, city, region, registered, country, taxId, ...rest }) =>
      setTaxSeller(
        seller.tenantId,
        {
          ...rest,
          address: { line1, line2, postalCode, city, region },
          country,
          taxId: taxId.trim() || null,
          registeredCountries: tagsOf(registered).map((one) => one.toUpperCase()),
        },
        seller.version,
      ),
    onDone: () => {
      toast.done(t`Invoices say so from now on`)
      onClose()
    },
    fieldOf: (path) =>
      path.startsWith('registeredCountries') ? 'registered' : path.replace(/^address\./, ''),
  })
  const { form, errorOf } = of
  const text = (
    name: 'legalName' | 'line1' | 'line2' | 'postalCode' | 'city' | 'region',
    label: string,
    needed = true,
  ) => (
    <Field label={label} optional={!needed} error={errorOf(name)}>
      <Input maxLength={200} {...form.register(name, needed ? { required: REQUIRED } : {})} />
    </Field>
  )
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      {text('legalName', t`Legal name`)}
      <div className="grid gap-4 sm:grid-cols-2">
        {text('line1', t`Street`)}
        {text('line2', t`Second line`, false)}
        {text('postalCode', t`Postal code`, false)}
        {text('city', t`City`)}
        {text('region', t`Region`, false)}
        <Field label="Country" error={errorOf('country')}>
          <CountrySelect {...form.register('country', { required: REQUIRED })} />
        </Field>
        <Field label="Tax id" optional error={errorOf('taxId')}>
          <Input maxLength={40} {...form.register('taxId')} />
        </Field>
        <Field
          label="Also registered in"
          optional
          hint="Codes such as DE, FR: itself or by a one-stop shop. Their rates are charged there."
          error={errorOf('registered')}
        >
          <Input {...form.register('registered')} />
        </Field>
        <Field
          label="Days a check of a tax id counts"
          hint="Then it must be checked again."
          error={errorOf('evidenceDays')}
        >
          <Input type="number" {...form.register('evidenceDays', wholeNumber(1, 3_650))} />
        </Field>
      </div>
      <Checkbox label="The price list has the tax in it" {...form.register('pricesIncludeTax')} />
    </Form>
  )
}
