import { useQuery } from '@tanstack/react-query'
import { CreditCard, Plus, RefreshCw } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import type { Customer } from '../../api/customers.ts'
import {
  beginMethod,
  lookAtMethods,
  makeDefault,
  methodsQuery,
  removeMethod,
  type PaymentMethod,
} from '../../api/payments.ts'
import { useSubmit } from '../../api/submit.ts'
import { List } from '../../components/List.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { humanize } from '../../lib/words.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'
import { whyUnchangeable } from './unchangeable.ts'

const expiry = ({ expMonth, expYear }: PaymentMethod): string =>
  expMonth === null || expYear === null ? '—' : `${String(expMonth).padStart(2, '0')}/${expYear}`

/** What a customer can be charged with. Cards are typed on the provider’s page, never here. */
export function PaymentMethods({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const permitted = can('billing:read', customer.tenantId)
  const query = useQuery({
    ...methodsQuery({ customerId: customer.id, tenantId: customer.tenantId, limit: 100 }),
    enabled: permitted,
  })
  const mayManage = can('billing:manage', customer.tenantId)
  const reason = mayManage ? whyUnchangeable(customer, true) : NO_PERMISSION('billing:manage')
  const adding = useSubmit({
    send: (_: undefined, key) => beginMethod(customer.id, key),
    onDone: ({ url }) => window.location.assign(url),
  })
  const looking = useSubmit({
    send: (_: undefined, key) => lookAtMethods(customer.id, key),
    onDone: () => toast.done(t`The provider is being asked`),
  })
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('billing:read')}</p>
  const columns: Column<PaymentMethod>[] = [
    {
      header: t`Method`,
      render: ({ brand, kind, last4, isDefault, state }) => (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="font-medium">
            {humanize(brand ?? kind)}
            {last4 !== null && ` •••• ${last4}`}
          </span>
          {state === 'removing' ? (
            <Badge tone="info" busy>
              Being removed
            </Badge>
          ) : (
            isDefault && <Badge tone="success">Default</Badge>
          )}
        </div>
      ),
    },
    { header: t`Expires`, from: 'sm', narrow: true, render: expiry },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (method) => (
        <Actions method={method} reason={mayManage ? undefined : NO_PERMISSION('billing:manage')} />
      ),
    },
  ]
  return (
    <Card
      title="Payment methods"
      flush
      actions={
        <span className="inline-flex flex-wrap gap-2">
          <Button
            size="sm"
            icon={<RefreshCw aria-hidden className="size-4" />}
            loading={looking.isPending}
            onClick={() =>
              looking.mutate(undefined, {
                onError: (error) => toast.failed(t`The provider was not asked`, error.message),
              })
            }
          >
            Look again
          </Button>
          <Button
            size="sm"
            variant="primary"
            icon={<Plus aria-hidden className="size-4" />}
            loading={adding.isPending}
            disabledReason={reason}
            onClick={() => adding.mutate(undefined)}
          >
            Add a method
          </Button>
        </span>
      }
    >
      {adding.error && (
        <div className="p-4">
          <Notice tone="danger">{adding.error.message}</Notice>
        </div>
      )}
      <List
        query={query}
        what="payment methods"
        columns={columns}
        empty={
          <EmptyState icon={CreditCard} title="No payment methods">
            Adding one leads to the page of the payment provider, where the card is typed.
          </EmptyState>
        }
      />
    </Card>
  )
}

function Actions({ method, reason }: { method: PaymentMethod; reason: string | undefined }) {
  const name = `${method.brand ?? method.kind} ${method.last4 ?? ''}`.trim()
  const choosing = useSubmit({
    send: (_: undefined, key) => makeDefault(method.id, key),
    onDone: () => toast.done(t`${humanize(name)} is charged from now on`),
  })
  const removing = useSubmit({
    send: () => removeMethod(method.id),
    onDone: () => toast.done(t`The method is being removed`),
  })
  const busy = method.state === 'removing' ? t`It is being removed.` : undefined
  return (
    <div className="flex flex-wrap justify-end gap-2">
      {!method.isDefault && (
        <Button
          size="sm"
          aria-label={t`Charge ${name} by default`}
          loading={choosing.isPending}
          disabledReason={reason ?? busy}
          onClick={() =>
            choosing.mutate(undefined, {
              onError: (error) => toast.failed(t`It was not chosen`, error.message),
            })
          }
        >
          Make default
        </Button>
      )}
      <Button
        size="sm"
        aria-label={t`Remove ${name}`}
        loading={removing.isPending}
        disabledReason={reason ?? busy}
        onClick={() =>
          removing.mutate(undefined, {
            onError: (error) => toast.failed(t`It was not removed`, error.message),
          })
        }
      >
        Remove
      </Button>
    </div>
  )
}
