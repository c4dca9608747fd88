import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { createUser, type Grant, type User } from '../../api/users.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { grantOf, RoleChoice, useRoleChoice } from './RoleChoice.tsx'

export default function NewUserPage() {
  const { tenant } = useSession()
  return (
    <Page
      title="New user"
      crumbs={[{ label: t`Users`, link: paths.users(tenant.slug) }]}
      permission="users:manage"
      ofPlatform
    >
      <div className="max-w-3xl">
        <Card>
          <NewUser />
        </Card>
      </div>
    </Page>
  )
}

function NewUser() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [choice, setChoice] = useRoleChoice()
  const grant = grantOf(choice)
  const of = useApiForm<{ email: string; name: string; password: string }, User>({
    defaultValues: { email: '', name: '', password: '' },
    send: (values, key) => createUser({ ...values, ...(grant as Grant) }, key),
    onDone: ({ id }) => {
      toast.done(t`User created`)
      void navigate(paths.user(tenant.slug, id))
    },
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel="Create user"
      submitReason={grant ? undefined : t`Choose where the user works, and a role.`}
      onCancel={() => void navigate(paths.users(tenant.slug))}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="E-mail" hint="The name to log in with." error={errorOf('email')}>
          <Input
            type="email"
            autoComplete="off"
            maxLength={320}
            {...form.register('email', { required: REQUIRED })}
          />
        </Field>
        <Field label="Name" error={errorOf('name')}>
          <Input autoComplete="off" maxLength={200} {...form.register('name', { required: REQUIRED })} />
        </Field>
      </div>
      <Field
        label="First password"
        hint="12 to 128 characters. Tell it to them on a safe way; they change it on the page Security."
        error={errorOf('password')}
      >
        <Input
          type="password"
          autoComplete="new-password"
          {...form.register('password', {
            required: REQUIRED,
            minLength: { value: 12, message: t`At least 12 characters.` },
            maxLength: { value: 128, message: t`At most 128 characters.` },
          })}
        />
      </Field>
      <RoleChoice choice={choice} onChange={setChoice} />
    </Form>
  )
}
