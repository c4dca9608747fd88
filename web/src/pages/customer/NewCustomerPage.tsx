import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { CustomerForm } from '../../components/CustomerForm.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { toast } from '../../ui/Toast.tsx'

export default function NewCustomerPage() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  return (
    <Page
      title="New customer"
      crumbs={[{ label: t`Customers`, link: paths.customers(tenant.slug) }]}
      permission="customers:create"
    >
      <div className="max-w-3xl">
        <Card>
          <CustomerForm
            onCancel={() => void navigate(paths.customers(tenant.slug))}
            onDone={({ id }) => {
              toast.done(t`Customer created`)
              void navigate(paths.customer(tenant.slug, id))
            }}
          />
        </Card>
      </div>
    </Page>
  )
}
