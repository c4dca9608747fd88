import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { askForReset } from '../../api/invitations.ts'
import { AuthFrame } from '../../components/AuthFrame.tsx'
import { REQUIRED, useApiForm } from '../../components/Form.tsx'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'

export default function ForgotPasswordPage() {
  const [done, setDone] = useState(false)
  const { form, submission, errorOf, onSubmit } = useApiForm<{ email: string }, void>({
    defaultValues: { email: '' },
    send: askForReset,
    onDone: () => setDone(true),
  })
  return (
    <AuthFrame title="Forgot your password?">
      {done ? (
        <Notice tone="success" title="Look into your mailbox">
          If this e-mail has an account here, a link to set a new password is on its way. It counts for one
          hour.
        </Notice>
      ) : (
        <form noValidate onSubmit={onSubmit} className="space-y-4">
          {submission.error && submission.error.errors.length === 0 && (
            <Notice tone="danger">{submission.error.message}</Notice>
          )}
          <Field
            label="E-mail"
            hint="We send a link to it, if it has an account here."
            error={errorOf('email')}
          >
            <Input
              type="email"
              autoComplete="username"
              // The page has one purpose, and this is its only field.
              // oxlint-disable-next-line jsx-a11y/no-autofocus
              autoFocus
              {...form.register('email', { required: REQUIRED })}
            />
          </Field>
          <Button type="submit" variant="primary" loading={submission.isPending} className="w-full">
            Send the link
          </Button>
        </form>
      )}
      <Link {...paths.login()} className="block text-center text-accent hover:underline">
        Back to the log-in
      </Link>
    </AuthFrame>
  )
}
