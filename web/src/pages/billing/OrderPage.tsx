import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { customerQuery } from '../../api/customers.ts'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Skeleton } from '../../ui/Spinner.tsx'
import { OrderForm } from './OrderForm.tsx'

const route = getRouteApi('/t/$tenant/subscriptions/new')

export default function OrderPage() {
  const { tenant } = useSession()
  const { customer: chosenId } = route.useSearch()
  const navigate = useNavigate()
  const chosen = useQuery({ ...customerQuery(chosenId ?? ''), enabled: chosenId !== undefined })
  return (
    <Page
      title="New subscription"
      crumbs={[{ label: t`Subscriptions`, link: paths.subscriptions(tenant.slug) }]}
      permission="subscriptions:write"
    >
      {chosenId !== undefined && chosen.isLoading ? (
        <Skeleton />
      ) : (
        <OrderForm
          customer={chosen.data ?? null}
          onCancel={() => void navigate(paths.subscriptions(tenant.slug))}
          onDone={(id) => void navigate(paths.subscription(tenant.slug, id))}
        />
      )}
    </Page>
  )
}
