import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Plus, TicketPercent } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { couponsQuery, type Coupon } from '../../api/coupons.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { count, couponText } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { CouponForm } from './CouponForm.tsx'

const route = getRouteApi('/t/$tenant/coupons')

const redeemed = ({ redeemed: times, maxRedemptions: most }: Coupon): string =>
  most === null ? count(times, t`time`, t`times`) : t`${times} of ${count(most, t`time`, t`times`)}`

export default function CouponsPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...couponsQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('billing:read'),
  })
  const [editing, setEditing] = useState<{ coupon: Coupon | undefined } | null>(null)
  const close = () => setEditing(null)
  const columns: Column<Coupon>[] = [
    {
      header: t`Coupon`,
      render: (coupon) => (
        <>
          <div className="font-mono font-medium break-all">{coupon.code}</div>
          <div className="text-[13px] break-words text-muted">{coupon.name}</div>
        </>
      ),
    },
    { header: t`Takes off`, render: couponText },
    {
      header: t`Plans`,
      from: 'lg',
      render: ({ plans }) => (plans.length === 0 ? t`All` : plans.map(({ name }) => name).join(', ')),
    },
    { header: t`Redeemed`, from: 'md', narrow: true, render: redeemed },
    {
      header: t`Valid until`,
      from: 'lg',
      narrow: true,
      render: ({ validUntil }) => (validUntil === null ? t`For ever` : <Time at={validUntil} />),
    },
    {
      header: t`State`,
      from: 'sm',
      narrow: true,
      render: (coupon) => <StateBadge of="catalogue" state={coupon.state} />,
    },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (coupon) => (
        <Button
          size="sm"
          disabledReason={
            can('billing:manage', coupon.tenantId) ? undefined : NO_PERMISSION('billing:manage')
          }
          onClick={() => setEditing({ coupon })}
        >
          Change
        </Button>
      ),
    },
  ]
  const add = (
    <Button
      variant="primary"
      icon={<Plus aria-hidden className="size-4" />}
      disabledReason={can('billing:manage', tenant.id ?? null) ? undefined : NO_PERMISSION('billing:manage')}
      onClick={() => setEditing({ coupon: undefined })}
    >
      New coupon
    </Button>
  )
  return (
    <Page title="Coupons" permission="billing:read" actions={add}>
      <Card flush>
        <List
          query={query}
          what="coupons"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={TicketPercent} title="No coupons yet" action={add}>
              A coupon takes something off the price of what is ordered with it, never off a set-up fee.
            </EmptyState>
          }
        />
      </Card>
      <Dialog
        open={editing !== null}
        onClose={close}
        title={editing?.coupon ? t`Change ${editing.coupon.code}` : t`New coupon`}
      >
        {editing && <CouponForm coupon={editing.coupon} onClose={close} />}
      </Dialog>
    </Page>
  )
}
