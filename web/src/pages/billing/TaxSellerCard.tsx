import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { taxSellerQuery, type TaxSeller } from '../../api/taxes.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { countryName } from '../../lib/countries.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { TaxSellerForm } from './TaxSellerForm.tsx'

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
        {editing && query.data && <TaxSellerForm seller={query.data} onClose={() => setEditing(false)} />}
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
