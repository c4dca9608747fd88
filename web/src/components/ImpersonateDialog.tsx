import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../shared/text.ts'
import { startImpersonation } from '../api/impersonation.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Checkbox, Field, Textarea } from '../ui/Field.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
import { permits, useSession } from './session.ts'

/** Why somebody without a second factor acts as nobody. */
export const ACTING_NEEDS_MFA = t`Acting as a user needs a second step to log in: set one up under My account, Security.`

type Props = { user: { id: string; email: string }; onClose: () => void }

/** Asks why, and begins to act as a user. Mount it while it is open. */
export function ImpersonateDialog({ user, onClose }: Props) {
  return (
    <Dialog open onClose={onClose} title={t`Act as ${user.email}`}>
      <Start user={user} onClose={onClose} />
    </Dialog>
  )
}

function Start({ user, onClose }: Props) {
  const { me } = useSession()
  const client = useQueryClient()
  const navigate = useNavigate()
  const mayAct = permits(me, 'users:impersonate')
  const of = useApiForm<{ reason: string; readOnly: boolean }, void>({
    defaultValues: { reason: '', readOnly: true },
    send: ({ reason, readOnly }, key) => startImpersonation(user.id, reason, readOnly || !mayAct, key),
    onDone: () => {
      // Nothing that the operator has read may show under the user's name.
      client.clear()
      void navigate({ to: '/' })
    },
  })
  return (
    <Form of={of} submitLabel="Begin" onCancel={onClose}>
      <p>
        For half an hour you use mPanel under this name. Every event names you as well, and the user and the
        tenant can see when and why.
      </p>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Textarea
          rows={3}
          maxLength={500}
          {...of.form.register('reason', {
            required: REQUIRED,
            validate: (reason) =>
              reason.trim().length >= 10 || t`Say in a sentence why: at least 10 characters.`,
          })}
        />
      </Field>
      {mayAct ? (
        <Checkbox label="Only look, change nothing" {...of.form.register('readOnly')} />
      ) : (
        <p>You can only look: nothing can be changed.</p>
      )}
    </Form>
  )
}
