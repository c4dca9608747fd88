import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { customerQuery } from '../../api/customers.ts'
import { CustomerForm } from '../../components/CustomerForm.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { toast } from '../../ui/Toast.tsx'

const route = getRouteApi('/t/$tenant/customers/$id/edit')

export default function EditCustomerPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const query = useQuery({ ...customerQuery(id), enabled: can('customers:update') })
  const back = () => void navigate(paths.customer(tenant.slug, id))
  return (
    <Page
      title="Edit customer"
      crumbs={[
        { label: t`Customers`, link: paths.customers(tenant.slug) },
        { label: query.data?.name ?? t`Customer`, link: paths.customer(tenant.slug, id) },
      ]}
      permission="customers:update"
    >
      <div className="max-w-3xl">
        <Card>
          <Loaded query={query} what="customer">
            {(customer) => (
              <CustomerForm
                key={customer.id}
                customer={customer}
                onCancel={back}
                onDone={() => {
                  toast.done(t`Customer saved`)
                  back()
                }}
              />
            )}
          </Loaded>
        </Card>
      </div>
    </Page>
  )
}
