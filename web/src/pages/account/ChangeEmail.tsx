import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { askForEmail } from '../../api/invitations.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { REQUIRED, useApiForm } from '../../components/Form.tsx'
import { useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'

export function ChangeEmail() {
  const { me } = useSession()
  const [sentTo, setSentTo] = useState<string | null>(null)
  const { form, submission, errorOf, onSubmit } = useApiForm<{ email: string }, void>({
    defaultValues: { email: '' },
    send: askForEmail,
    onDone: () => {
      setSentTo(form.getValues('email'))
      form.reset()
    },
  })
  return (
    <Card title="E-mail address">
      <form noValidate onSubmit={onSubmit} className="max-w-md space-y-4">
        {submission.error && submission.error.errors.length === 0 && <ErrorNotice error={submission.error} />}
        {sentTo !== null && (
          <Notice tone="success" title="Confirm the new address">
            A link is on its way to {sentTo}. It counts for one hour; until you open it nothing changes.
          </Notice>
        )}
        <Field
          label="New e-mail address"
          hint={t`You log in with ${me.user.email} until the new one is confirmed.`}
          error={errorOf('email')}
        >
          <Input
            type="email"
            autoComplete="email"
            maxLength={320}
            {...form.register('email', { required: REQUIRED })}
          />
        </Field>
        <Button type="submit" variant="primary" loading={submission.isPending}>
          Change e-mail address
        </Button>
      </form>
    </Card>
  )
}
