import { t } from '../../../shared/text.ts'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { stepUp, stepUpWaysQuery } from '../api/account.ts'
import { stepUpByPasskey } from '../api/passkeys.ts'
import { proofIsAskedBy } from '../api/proof.ts'
import { goTo, stepUpBySso } from '../api/sso.ts'
import { useSubmit } from '../api/submit.ts'
import { ssoFault } from '../lib/ssoFault.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Field, Input } from '../ui/Field.tsx'
import { Notice } from '../ui/Notice.tsx'
import { toast } from '../ui/Toast.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
import { Loaded } from './Loaded.tsx'
import { PasskeyButton } from './PasskeyButton.tsx'

type Answer = (proven: boolean) => void

/** Asks who it is when a call was refused because the last proof is too old; the call is then repeated. */
export function ProofDialog() {
  const [answer, setAnswer] = useState<Answer | null>(null)
  useEffect(() => proofIsAskedBy(() => new Promise<boolean>((resolve) => setAnswer(() => resolve))), [])
  useEffect(tellOfProof, [])
  const close = (proven: boolean) => {
    answer?.(proven)
    setAnswer(null)
  }
  return (
    <Dialog
      open={answer !== null}
      onClose={() => close(false)}
      title="Is it you?"
      description="What you are about to do needs a fresh proof."
    >
      {answer !== null && <Proof onClose={close} />}
    </Dialog>
  )
}

/** Says what came of it, to who comes back from an identity provider; once, also when the page is loaded again. */
function tellOfProof(): void {
  const url = new URL(location.href)
  const word = url.searchParams.get('proof')
  if (word === null) return
  url.searchParams.delete('proof')
  history.replaceState(history.state, '', url.pathname + url.search + url.hash)
  if (word === 'given')
    toast.done(t`You have proven that it is you`, t`Now do again what you were about to do.`)
  else toast.failed(t`Not proven`, ssoFault(word))
}

function Proof({ onClose }: { onClose: Answer }) {
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

function ProofForm({ by, onClose }: { by: 'code' | 'password'; onClose: Answer }) {
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
