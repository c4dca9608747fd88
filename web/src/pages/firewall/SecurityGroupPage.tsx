import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { deleteSecurityGroup, securityGroupQuery, type SecurityGroup } from '../../api/cloudPodFirewall.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { toast } from '../../ui/Toast.tsx'
import { GroupForm } from './GroupForm.tsx'
import { Rules } from './Rules.tsx'

const route = getRouteApi('/t/$tenant/security-groups/$id')

export default function SecurityGroupPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const query = useQuery({ ...securityGroupQuery(id), enabled: can('cloudpods:read') })
  const [removing, setRemoving] = useState(false)
  const group = query.data
  const mayNot =
    group && can('cloudpods:firewall', group.tenantId) ? undefined : NO_PERMISSION('cloudpods:firewall')
  const back = () => void navigate(paths.securityGroups(tenant.slug))
  return (
    <Page
      title={group?.name ?? t`Security group`}
      crumbs={[{ label: t`Security groups`, link: paths.securityGroups(tenant.slug) }]}
      permission="cloudpods:read"
      actions={
        group && (
          <Button
            variant="danger"
            disabledReason={
              mayNot ?? (group.pods > 0 ? t`CloudPods are under it: take them out first.` : undefined)
            }
            onClick={() => setRemoving(true)}
          >
            Remove
          </Button>
        )
      }
    >
      <Loaded query={query} what="security group">
        {(data) => (
          <div className="max-w-5xl">
            {mayNot === undefined ? <Edit group={data} onBack={back} /> : <Shown group={data} />}
            <ConfirmDestroy
              open={removing}
              onClose={() => setRemoving(false)}
              title={t`Remove ${data.name}`}
              name={data.name}
              effect="The group is gone. No CloudPod is under it."
              submitLabel="Remove"
              send={() => deleteSecurityGroup(data.id)}
              onDone={() => {
                toast.done(t`Security group removed`)
                back()
              }}
            />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

const Edit = ({ group, onBack }: { group: SecurityGroup; onBack: () => void }) => (
  <GroupForm
    group={group}
    onCancel={onBack}
    onDone={(jobs) => {
      toast.done(jobs === 0 ? t`Security group saved` : t`Security group saved; ${jobs} CloudPods are told`)
      onBack()
    }}
  />
)

const Shown = ({ group }: { group: SecurityGroup }) => (
  <Card title={group.description || t`Rules`} flush>
    <Rules rules={group.rules} />
  </Card>
)
