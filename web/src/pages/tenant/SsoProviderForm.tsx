import { useState } from 'react'
import { createSsoProvider, updateSsoProvider, type SsoProvider } from '../../api/sso.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
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
    },
    send: ({ domains, clientSecret, ...values }, key) => {
      const body = {
        ...values,
        domains: domains.split(/[\s,]+/).filter(Boolean),
        ...(clientSecret !== '' && { clientSecret }),
      }
      return provider ? updateSsoProvider(provider, body) : createSsoProvider({ ...body, tenantId }, key)
    },
    onDone,
    fieldOf: (path) => path.replace(/\.\d+$/, ''),
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel={provider ? 'Save' : 'Add'} onCancel={onCancel}>
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
          hint={provider?.hasSecret ? 'Empty: the present one stays.' : 'Empty: a public client.'}
          error={errorOf('clientSecret')}
        >
          <Input type="password" autoComplete="new-password" {...form.register('clientSecret')} />
        </Field>
        <Field
          label="E-mail domains"
          optional
          hint="Separated by commas. E-mails of these lead to this provider."
          error={errorOf('domains')}
        >
          <Input spellCheck={false} {...form.register('domains')} />
        </Field>
      </div>
      <Checkbox label="People can log in by it" {...form.register('enabled')} />
      <Checkbox
        label="A second factor that it asked for counts here as well"
        {...form.register('trustsMfa')}
      />
      {tenantId !== null && (
        <Checkbox
          label="It is the only way in for people who belong to this tenant alone; the oldest owner keeps the password"
          {...form.register('enforced')}
        />
      )}
    </Form>
  )
}
