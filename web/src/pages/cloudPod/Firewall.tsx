import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { MAX_GROUPS } from '../../../../shared/states/cloudPodFirewall.ts'
import { t } from '../../../../shared/text.ts'
import type { CloudPod } from '../../api/cloudPods.ts'
import {
  firewallQuery,
  securityGroupsQuery,
  setFirewall,
  type CloudPodFirewall,
  type SecurityGroup,
} from '../../api/cloudPodFirewall.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Checkbox } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { Rules } from '../firewall/Rules.tsx'

/** Under which security groups a pod is, and whether its guest was read back so. */
export function Firewall({ pod }: { pod: CloudPod }) {
  const { can } = useSession()
  const query = useQuery(firewallQuery(pod.id))
  const [open, setOpen] = useState(false)
  const verdict = canPod.measure(pod)
  const refusal = verdict.allowed ? undefined : verdict.reason
  return (
    <Card
      title="Firewall"
      actions={
        <Button
          size="sm"
          disabledReason={
            can('cloudpods:firewall', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:firewall')
          }
          onClick={() => setOpen(true)}
        >
          Change groups
        </Button>
      }
    >
      <Loaded query={query} what="firewall">
        {(firewall) => (
          <>
            <State firewall={firewall} />
            <Dialog open={open} onClose={() => setOpen(false)} title="Security groups">
              {open && <Groups pod={pod} firewall={firewall} onClose={() => setOpen(false)} />}
            </Dialog>
          </>
        )}
      </Loaded>
    </Card>
  )
}

function State({
  firewall: { managed, clusterOn, otherwise, groups, provenAt, problem },
}: {
  firewall: CloudPodFirewall
}) {
  const { tenant } = useSession()
  return (
    <div className="space-y-4">
      {problem && <Notice tone="danger">{problem}</Notice>}
      {managed && clusterOn === false && (
        <Notice tone="warning" title="Nothing is filtered">
          The firewall of the cluster is off. It is switched on at the hypervisor.
        </Notice>
      )}
      <Facts
        facts={[
          [
            t`Read back`,
            provenAt ? (
              <Time key="at" at={provenAt} />
            ) : managed ? (
              t`Not yet`
            ) : (
              t`Its firewall is left as it is`
            ),
          ],
          managed ? [t`Sends`, t`from its own MAC and its own addresses alone`] : null,
          managed ? [t`What comes in otherwise`, otherwise === 'drop' ? t`is dropped` : t`is let in`] : null,
        ]}
      />
      {groups.map(({ id, name, rules }) => (
        <div key={id} className="rounded-md border border-line">
          <p className="border-b border-line px-4 py-2 font-medium">
            <Link {...paths.securityGroup(tenant.slug, id)} className="hover:underline">
              {name}
            </Link>
          </p>
          <Rules rules={rules} />
        </div>
      ))}
    </div>
  )
}

function Groups({
  pod,
  firewall,
  onClose,
}: {
  pod: CloudPod
  firewall: CloudPodFirewall
  onClose: () => void
}) {
  const query = useQuery(securityGroupsQuery({ tenantId: pod.tenantId, limit: 200 }))
  return (
    <Loaded query={query} what="security groups">
      {({ items }) => <GroupsForm pod={pod} firewall={firewall} all={items} onClose={onClose} />}
    </Loaded>
  )
}

function GroupsForm({
  pod,
  firewall: { groups },
  all,
  onClose,
}: {
  pod: CloudPod
  firewall: CloudPodFirewall
  all: SecurityGroup[]
  onClose: () => void
}) {
  const of = useApiForm<{ chosen: string[] }, unknown>({
    defaultValues: { chosen: groups.map(({ id }) => id) },
    send: ({ chosen }) => setFirewall(pod.id, chosen),
    onDone: () => {
      toast.done(t`Firewall requested`)
      onClose()
    },
  })
  const chosen = of.form.watch('chosen')
  return (
    <Form
      of={of}
      submitLabel="Save"
      submitReason={chosen.length > MAX_GROUPS ? t`At most ${MAX_GROUPS} groups.` : undefined}
      onCancel={onClose}
    >
      <p>
        Without a group everything comes in; under groups only what their rules accept. The rules count in the
        order in which the groups were chosen.
      </p>
      {all.length === 0 && <p className="text-muted">There is no security group yet.</p>}
      <div className="space-y-2">
        {all.map(({ id, name, rules }) => (
          <Checkbox
            key={id}
            label={`${name} (${count(rules.length, t`rule`, t`rules`)})`}
            checked={chosen.includes(id)}
            onChange={(event) =>
              of.form.setValue(
                'chosen',
                event.target.checked ? [...chosen, id] : chosen.filter((one) => one !== id),
              )
            }
          />
        ))}
      </div>
    </Form>
  )
}
