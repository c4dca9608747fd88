import { t } from '../../../../shared/text.ts'
import { changePassword, type PasswordChange } from '../../api/account.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

export function ChangePassword() {
  const { form, submission, errorOf, onSubmit } = useApiForm<PasswordChange, void>({
    defaultValues: { current: '', password: '' },
    send: changePassword,
    onDone: () => {
      form.reset()
      toast.done(t`The password is changed`, t`Your other sessions have ended.`)
    },
  })
  return (
    <Card title="Password">
      <form noValidate onSubmit={onSubmit} className="max-w-md space-y-4">
        {submission.error && submission.error.errors.length === 0 && <ErrorNotice error={submission.error} />}
        <Field label="Present password" error={errorOf('current')}>
          <Input
            type="password"
            autoComplete="current-password"
            {...form.register('current', { required: REQUIRED })}
          />
        </Field>
        <Field
          label="New password"
          hint="12 to 128 characters, not easy to guess. Your other sessions end."
          error={errorOf('password')}
        >
          <Input
            type="password"
            autoComplete="new-password"
            {...form.register('password', { required: REQUIRED })}
          />
        </Field>
        <Button type="submit" variant="primary" loading={submission.isPending}>
          Change password
        </Button>
      </form>
    </Card>
  )
}
