import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { confirmReset } from '../../api/invitations.ts'
import { AuthFrame } from '../../components/AuthFrame.tsx'
import { REQUIRED, useApiForm } from '../../components/Form.tsx'
import { forgetLinkToken, useLinkToken } from '../../components/linkToken.ts'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { IncompleteLink } from './IncompleteLink.tsx'

export default function ResetPasswordPage() {
  const token = useLinkToken()
  const [done, setDone] = useState(false)
  return (
    <AuthFrame title="Set a new password">
      {done ? (
        <>
          <Notice tone="success" title="The password is set">
            All your sessions have ended. Log in with the new password.
          </Notice>
          <Link {...paths.login()} className={`${buttonClass('primary')} w-full`}>
            Log in
          </Link>
        </>
      ) : token === null ? (
        <IncompleteLink />
      ) : (
        <PasswordForm
          token={token}
          onDone={() => {
            forgetLinkToken()
            setDone(true)
          }}
        />
      )}
      {!done && (
        <Link {...paths.forgotPassword()} className="block text-center text-accent hover:underline">
          Ask for a new link
        </Link>
      )}
    </AuthFrame>
  )
}

function PasswordForm({ token, onDone }: { token: string; onDone: () => void }) {
  const { form, submission, errorOf, onSubmit } = useApiForm<{ password: string }, void>({
    defaultValues: { password: '' },
    send: ({ password }, key) => confirmReset({ token, password }, key),
    onDone,
  })
  return (
    <form noValidate onSubmit={onSubmit} className="space-y-4">
      {submission.error && submission.error.errors.length === 0 && (
        <Notice tone="danger">{submission.error.message}</Notice>
      )}
      <Field label="New password" hint="12 to 128 characters, not easy to guess." error={errorOf('password')}>
        <Input
          type="password"
          autoComplete="new-password"
          {...form.register('password', { required: REQUIRED })}
        />
      </Field>
      <Button type="submit" variant="primary" loading={submission.isPending} className="w-full">
        Set the password
      </Button>
    </form>
  )
}
