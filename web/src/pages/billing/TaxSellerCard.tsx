import { t } from '../../../../shared/text.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { setTaxSeller, taxSellerQuery, type TaxSeller } from '../../api/taxes.ts'
import { CountrySelect } from '../../components/CountrySelect.tsx'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { count, tagsOf } from '../../lib/words.ts'
import { countryName } from '../../lib/countries.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

/** Who sells, as it stands on the tenant's invoices. */
export function TaxSellerCard({ tenantId }: { tenantId: string }) {
  const { can } = useSession()
  const query = useQuery({ ...taxSellerQuery(tenantId), enabled: can('billing:read', tenantId) })
  const [editing, setEditing] = useState(false)
  const details = query.data?.details
  return (
    <Card
      title="Who sells"
      actions={
        <Button
          size="sm"
          disabledReason={
            !can('billing:manage', tenantId)
              ? NO_PERMISSION('billing:manage')
              : query.data
                ? undefined
                : t`It is being loaded.`
          }
          onClick={() => setEditing(true)}
        >
          Change
        </Button>
      }
    >
      <Loaded query={query} what="seller">
        {() =>
          details ? (
            <Facts
              facts={[
                [t`Legal name`, details.legalName],
                [t`Address`, addressLine(details)],
                [t`Tax id`, details.taxId],
                [
                  t`Registered in`,
                  [details.country, ...details.registeredCountries].map(countryName).join(', '),
                ],
                [t`Prices`, details.pricesIncludeTax ? t`With tax` : t`Without tax`],
                [t`A check of a tax id counts`, count(details.evidenceDays, t`day`, t`days`)],
              ]}
            />
          ) : (
            <p className="text-muted">Nobody has said it: invoices are without tax.</p>
          )
        }
      </Loaded>
      <Dialog open={editing} onClose={() => setEditing(false)} title="Who sells">
        {editing && query.data && <SellerForm seller={query.data} onClose={() => setEditing(false)} />}
      </Dialog>
    </Card>
  )
}

const addressLine = ({ address, country }: NonNullable<TaxSeller['details']>): string =>
  [
    address.line1,
    address.line2,
    `${address.postalCode} ${address.city}`.trim(),
    address.region,
    countryName(country),
  ]
    .filter(Boolean)
    .join(', ')

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

function SellerForm({ seller, onClose }: { seller: TaxSeller; onClose: () => void }) {
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
