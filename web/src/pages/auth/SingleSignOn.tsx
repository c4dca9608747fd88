import { useState } from 'react'
import { beginSso, goTo } from '../../api/sso.ts'
import { REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Button } from '../../ui/Button.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'

/** From an e-mail to the identity provider it leads to. */
export function SingleSignOn({ returnTo }: { returnTo: string | undefined }) {
  const [open, setOpen] = useState(false)
  if (!open)
    return (
      <Button className="w-full" onClick={() => setOpen(true)}>
        Single sign-on
      </Button>
    )
  return <EmailForm returnTo={returnTo} />
}

function EmailForm({ returnTo }: { returnTo: string | undefined }) {
  const of = useApiForm({
    defaultValues: { email: '' },
    send: ({ email }, key) => beginSso({ email, ...(returnTo !== undefined && { returnTo }) }, key),
    onDone: goTo,
  })
  return (
    <form noValidate onSubmit={of.onSubmit} className="space-y-4 border-t border-line pt-4">
      {of.submission.error && <Notice tone="danger">{of.submission.error.message}</Notice>}
      <Field
        label="Work e-mail"
        hint="It leads to the log-in of your organisation."
        error={of.errorOf('email')}
      >
        <Input
          type="email"
          autoComplete="email"
          // Somebody has just asked for this field.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          {...of.form.register('email', { required: REQUIRED })}
        />
      </Field>
      <Button type="submit" variant="primary" loading={of.submission.isPending} className="w-full">
        Go to the log-in
      </Button>
    </form>
  )
}
