import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import type { SetupStep } from '../../api/dashboardSetup.ts'
import { taxSellerQuery } from '../../api/taxes.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { TaxSellerForm } from '../billing/TaxSellerForm.tsx'

/** Who sells, as invoices say it, and how that is taxed. Both are typed in here or on the page of the taxes. */
export function SetupCompanyCard({ step: { state, id, name, lacks } }: { step: SetupStep }) {
  const { tenant, can } = useSession()
  const [editing, setEditing] = useState(false)
  const reason =
    id === null
      ? t`There is no tenant yet.`
      : can('billing:manage', id)
        ? undefined
        : NO_PERMISSION('billing:manage')
  return (
    <Card
      title="Your company on invoices"
      actions={
        <>
          <span className="self-center">
            <Badge tone={state === 'connected' ? 'success' : state === 'failing' ? 'danger' : 'neutral'}>
              {state === 'connected' ? t`Complete` : t`Incomplete`}
            </Badge>
          </span>
          <Button
            variant={lacks.includes('seller') ? 'primary' : 'secondary'}
            disabledReason={reason}
            onClick={() => setEditing(true)}
          >
            {lacks.includes('seller') ? t`Say who sells` : t`Change who sells`}
          </Button>
          <Link {...paths.taxes(tenant.slug)} className={buttonClass('secondary')}>
            Tax rules
          </Link>
        </>
      }
    >
      <div className="space-y-3">
        <p className="text-muted">
          Invoices need the legal name, address, country and VAT id of who sells, and rules by which they are
          taxed. Until both are there, invoices are issued without tax; what was issued stays as it is.
        </p>
        {name !== null && <p className="break-words">{name}</p>}
        {state === 'failing' && (
          <Notice tone="danger">Invoices are being issued, and they are without tax.</Notice>
        )}
        {id !== null && lacks.includes('seller') && (
          <Notice tone="warning">Nobody has said who sells: name, address, country and VAT id.</Notice>
        )}
        {lacks.includes('rules') && (
          <Notice tone="warning">
            There are no tax rules. Who charges no tax needs one too: it says why, on each invoice.
          </Notice>
        )}
      </div>
      <Dialog open={editing} onClose={() => setEditing(false)} title="Who sells">
        {editing && id !== null && <Seller tenantId={id} onClose={() => setEditing(false)} />}
      </Dialog>
    </Card>
  )
}

function Seller({ tenantId, onClose }: { tenantId: string; onClose: () => void }) {
  const query = useQuery(taxSellerQuery(tenantId))
  return (
    <Loaded query={query} what="seller">
      {(seller) => <TaxSellerForm seller={seller} onClose={onClose} />}
    </Loaded>
  )
}
