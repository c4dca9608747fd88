import { useQuery } from '@tanstack/react-query'
import { t } from '../../../shared/text.ts'
import { stepUp, stepUpWaysQuery } from '../api/account.ts'
import { stepUpByPasskey } from '../api/passkeys.ts'
import { goTo, stepUpBySso } from '../api/sso.ts'
import { useSubmit } from '../api/submit.ts'
import { Button } from '../ui/Button.tsx'
import { Field, Input } from '../ui/Field.tsx'
import { Notice } from '../ui/Notice.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
import { Loaded } from './Loaded.tsx'
import { PasskeyButton } from './PasskeyButton.tsx'

export type ProofAnswer = (proven: boolean) => void

/** The ways to prove who one is, and the form for the one of words. */
export default function Proof({ onClose }: { onClose: ProofAnswer }) {
  const query = useQuery(stepUpWaysQuery)
  return (
    <Loaded query={query} what="ways to prove it">
      {({ methods, password, providers }) => (
        <>
          {methods.includes('passkey') && (
            <PasskeyButton label="Use a passkey" send={stepUpByPasskey} onDone={() => onClose(true)} />
          )}
          {providers.map((provider) => (
            <ProviderButton key={provider.id} provider={provider} />
          ))}
          {methods.includes('code') && <ProofForm by="code" onClose={onClose} />}
          {password && <ProofForm by="password" onClose={onClose} />}
          {methods.length === 0 && !password && providers.length === 0 && (
            <Notice tone="warning" title="There is nothing to prove it by">
              Your account has no password, and no identity provider vouches for it now. Log out, and set a
              password by “Forgot your password?”.
            </Notice>
          )}
        </>
      )}
    </Loaded>
  )
}

/** Leaves the page for a provider. What was to be done cannot be repeated by itself afterwards. */
function ProviderButton({ provider: { id, name } }: { provider: { id: string; name: string } }) {
  const go = useSubmit({ send: stepUpBySso, onDone: goTo, sessionOnly: true })
  return (
    <div className="space-y-2">
      {go.error && <Notice tone="danger">{go.error.message}</Notice>}
      <Button className="w-full" loading={go.isPending} onClick={() => go.mutate(id)}>
        Confirm with {name}
      </Button>
      <p className="text-[13px] text-muted">
        You come back to this page. What you have not saved is lost: do it again then.
      </p>
    </div>
  )
}

function ProofForm({ by, onClose }: { by: 'code' | 'password'; onClose: ProofAnswer }) {
  const of = useApiForm<{ value: string }, void>({
    defaultValues: { value: '' },
    send: ({ value }, key) => stepUp({ [by]: value }, key),
    onDone: () => onClose(true),
    fieldOf: () => 'value',
  })
  return (
    <Form of={of} submitLabel="Go on" onCancel={() => onClose(false)}>
      <Field
        label={by === 'code' ? t`Code of your app, or a recovery code` : t`Your password`}
        error={of.errorOf('value')}
      >
        <Input
          type={by === 'code' ? 'text' : 'password'}
          autoComplete={by === 'code' ? 'one-time-code' : 'current-password'}
          {...of.form.register('value', { required: REQUIRED })}
        />
      </Field>
    </Form>
  )
}
