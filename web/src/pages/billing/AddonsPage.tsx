import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { PackagePlus, Plus } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { addonsQuery, setAddonState, type Addon } from '../../api/addons.ts'
import { useSubmit } from '../../api/submit.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { addonSize, unitText } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { toast } from '../../ui/Toast.tsx'
import { AddonForm } from './AddonForm.tsx'

const route = getRouteApi('/t/$tenant/addons')

const COLUMNS: Column<Addon>[] = [
  {
    header: t`Add-on`,
    render: (addon) => (
      <>
        <div className="font-medium break-words">{addon.name}</div>
        <div className="font-mono text-[13px] break-all text-muted">{addon.code}</div>
      </>
    ),
  },
  { header: t`Adds`, from: 'md', render: addonSize },
  { header: t`At most`, from: 'lg', narrow: true, render: ({ maxQuantity }) => maxQuantity },
  {
    header: t`Prices of one`,
    render: ({ prices }) => (
      <ul>
        {prices.map((price) => (
          <li key={price.id}>{unitText(price)}</li>
        ))}
      </ul>
    ),
  },
  {
    header: t`State`,
    from: 'sm',
    narrow: true,
    render: (addon) => <StateBadge of="catalogue" state={addon.state} />,
  },
  { header: t`Actions`, narrow: true, align: 'right', render: (addon) => <Actions addon={addon} /> },
]

export default function AddonsPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...addonsQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('plans:read'),
  })
  const [creating, setCreating] = useState(false)
  const add = (
    <Button
      variant="primary"
      icon={<Plus aria-hidden className="size-4" />}
      disabledReason={can('plans:create', tenant.id ?? null) ? undefined : NO_PERMISSION('plans:create')}
      onClick={() => setCreating(true)}
    >
      New add-on
    </Button>
  )
  return (
    <Page title="Add-ons" permission="plans:read" actions={add}>
      <Card flush>
        <List
          query={query}
          what="add-ons"
          columns={COLUMNS}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={PackagePlus} title="No add-ons yet" action={add}>
              An add-on is sold beside a plan, in pieces: more memory or disk, or a service without a size.
            </EmptyState>
          }
        />
      </Card>
      <Dialog open={creating} onClose={() => setCreating(false)} title="New add-on" wide>
        <AddonForm onClose={() => setCreating(false)} />
      </Dialog>
    </Page>
  )
}

function Actions({ addon }: { addon: Addon }) {
  const { can } = useSession()
  const isSold = addon.state === 'active'
  const change = useSubmit({
    send: () => setAddonState(addon.id, isSold ? 'retired' : 'active', addon.version),
    onDone: () => toast.done(isSold ? t`Nobody gets more of it; who has it keeps it` : t`It is sold again`),
  })
  return (
    <Button
      size="sm"
      loading={change.isPending}
      disabledReason={can('plans:create', addon.tenantId) ? undefined : NO_PERMISSION('plans:create')}
      onClick={() =>
        change.mutate(undefined, {
          onError: (error) => toast.failed(t`The add-on was not changed`, error.message),
        })
      }
    >
      {isSold ? t`Take out` : t`Sell again`}
    </Button>
  )
}
