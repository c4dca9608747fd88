import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { toast } from '../../ui/Toast.tsx'
import { GroupForm } from './GroupForm.tsx'

export default function NewSecurityGroupPage() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const back = () => void navigate(paths.securityGroups(tenant.slug))
  return (
    <Page
      title="New security group"
      crumbs={[{ label: t`Security groups`, link: paths.securityGroups(tenant.slug) }]}
      permission="cloudpods:firewall"
    >
      <div className="max-w-5xl">
        <GroupForm
          onCancel={back}
          onDone={() => {
            toast.done(t`Security group created`)
            back()
          }}
        />
      </div>
    </Page>
  )
}
