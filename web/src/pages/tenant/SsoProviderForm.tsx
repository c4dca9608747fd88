import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { createSsoProvider, updateSsoProvider, type SsoProvider } from '../../api/sso.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { RoleSelect } from '../../components/RoleSelect.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'

type Values = {
  name: string
  issuer: string
  clientId: string
  clientSecret: string
  domains: string
  enabled: boolean
  enforced: boolean
  trustsMfa: boolean
  signsUp: boolean
  signUpRoleId: string
}

/** Makes an identity provider, or changes the one given. Its secret is never shown; empty keeps it. */
export function SsoProviderForm({
  tenantId,
  provider: given,
  onCancel,
  onDone,
}: {
  tenantId: string | null
  provider?: SsoProvider
  onCancel: () => void
  onDone: (provider: SsoProvider) => void
}) {
  // What was read when editing began: saving over a later change of somebody else is refused by its version.
  const [provider] = useState(given)
  const of = useApiForm<Values, SsoProvider>({
    defaultValues: {
      name: provider?.name ?? '',
      issuer: provider?.issuer ?? 'https://',
      clientId: provider?.clientId ?? '',
      clientSecret: '',
      domains: provider?.domains.join(', ') ?? '',
      enabled: provider?.enabled ?? true,
      enforced: provider?.enforced ?? false,
      trustsMfa: provider?.trustsMfa ?? false,
      signsUp: Boolean(provider?.signUpRole),
      signUpRoleId: provider?.signUpRole?.id ?? '',
    },
    send: ({ domains, clientSecret, signsUp, signUpRoleId, ...values }, key) => {
      const body = {
        ...values,
        domains: domains.split(/[\s,]+/).filter(Boolean),
        signUpRoleId: signsUp ? signUpRoleId : null,
        ...(clientSecret !== '' && { clientSecret }),
      }
      return provider ? updateSsoProvider(provider, body) : createSsoProvider({ ...body, tenantId }, key)
    },
    onDone,
    fieldOf: (path) => path.replace(/\.\d+$/, ''),
  })
  const { form, errorOf } = of
  const signsUp = form.watch('signsUp')
  return (
    <Form of={of} submitLabel={provider ? t`Save` : t`Add`} onCancel={onCancel}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" hint="As people know it." error={errorOf('name')}>
          <Input maxLength={100} {...form.register('name', { required: REQUIRED })} />
        </Field>
        <Field label="Issuer" hint="Such as https://id.example.com." error={errorOf('issuer')}>
          <Input type="url" spellCheck={false} {...form.register('issuer', { required: REQUIRED })} />
        </Field>
        <Field label="Client id" error={errorOf('clientId')}>
          <Input
            spellCheck={false}
            autoComplete="off"
            {...form.register('clientId', { required: REQUIRED })}
          />
        </Field>
        <Field
          label="Client secret"
          optional
          hint={provider?.hasSecret ? t`Empty: the present one stays.` : t`Empty: a public client.`}
          error={errorOf('clientSecret')}
        >
          <Input type="password" autoComplete="new-password" {...form.register('clientSecret')} />
        </Field>
        <Field
          label="E-mail domains"
          optional={!signsUp}
          hint="Separated by commas. E-mails of these lead to this provider."
          error={errorOf('domains')}
        >
          <Input
            spellCheck={false}
            {...form.register('domains', {
              validate: (text, { signsUp: on }) => !on || text.trim() !== '' || REQUIRED,
            })}
          />
        </Field>
      </div>
      <Checkbox label="People can log in by it" {...form.register('enabled')} />
      <Checkbox
        label="A second factor that it asked for counts here as well"
        {...form.register('trustsMfa')}
      />
      <Checkbox
        label="People without an account get one at their first log-in"
        {...form.register('signsUp')}
      />
      {signsUp && (
        <Field
          label="Role of who signs up"
          hint="You can give what you may do yourself. Only people with an e-mail of the domains above get it, when the provider says that the e-mail is verified."
          error={errorOf('signUpRoleId')}
        >
          <RoleSelect
            tenantId={tenantId}
            present={provider?.signUpRole ?? null}
            {...form.register('signUpRoleId', { required: REQUIRED })}
          />
        </Field>
      )}
      {tenantId !== null && (
        <Checkbox
          label="It is the only way in for people who belong to this tenant alone; the oldest owner keeps the password"
          {...form.register('enforced')}
        />
      )}
    </Form>
  )
}
