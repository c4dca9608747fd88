import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { meQuery } from '../../api/session.ts'
import { updateRole, type Role } from '../../api/users.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { useSession } from '../../components/session.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Switch } from '../../ui/Switch.tsx'
import { toast } from '../../ui/Toast.tsx'
import { useRoleReasons } from './roleReasons.ts'

/** Whether a role needs a second step to log in. It is asked first: people may be shut out by it. */
export function MfaSwitch({ role }: { role: Role }) {
  const reasons = useRoleReasons()
  const [asking, setAsking] = useState<Role | null>(null)
  const close = () => setAsking(null)
  return (
    <>
      <Switch
        label={t`Second step for ${role.name}`}
        checked={role.requiresMfa}
        disabledReason={reasons.policy(role)}
        onChange={() => setAsking(role)}
      />
      <Dialog
        open={asking !== null}
        onClose={close}
        title={
          role.requiresMfa
            ? t`No longer need a second step for ${role.name}`
            : t`Need a second step for ${role.name}`
        }
      >
        {asking && <Decide role={asking} isHeld={reasons.isHeld(asking)} onClose={close} />}
      </Dialog>
    </>
  )
}

function Decide({ role, isHeld, onClose }: { role: Role; isHeld: boolean; onClose: () => void }) {
  const { me } = useSession()
  const client = useQueryClient()
  const of = useApiForm<Record<string, never>, Role>({
    defaultValues: {},
    send: () => updateRole(role, { requiresMfa: !role.requiresMfa }),
    onDone: ({ requiresMfa }) => {
      toast.done(requiresMfa ? t`${role.name} needs a second step` : t`${role.name} needs no second step`)
      onClose()
      // It may hold for the viewer, who is then led to the set-up.
      if (isHeld) void client.invalidateQueries({ queryKey: meQuery.queryKey })
    },
  })
  return (
    <Form
      of={of}
      danger={role.requiresMfa}
      submitLabel={role.requiresMfa ? t`Turn off` : t`Turn on`}
      onCancel={onClose}
    >
      {role.requiresMfa ? (
        <p>A stolen password of somebody with this role will then be enough to log in.</p>
      ) : (
        <p>
          Everybody with this role who has no second step can do nothing but set one up, from the next request
          on. Their API keys are refused until then.
        </p>
      )}
      {isHeld && !role.requiresMfa && !me.mfa && (
        <Notice tone="warning" title="You hold this role, and you have no second step yourself">
          You will be led to set one up before you can do anything else. Have your authenticator app at hand.
        </Notice>
      )}
    </Form>
  )
}
