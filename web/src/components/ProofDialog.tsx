import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { mfaQuery, stepUp } from '../api/account.ts'
import { stepUpByPasskey } from '../api/passkeys.ts'
import { proofIsAskedBy } from '../api/proof.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Field, Input } from '../ui/Field.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
import { Loaded } from './Loaded.tsx'
import { PasskeyButton } from './PasskeyButton.tsx'

type Answer = (proven: boolean) => void

/** Asks who it is when a call was refused because the last proof is too old; the call is then repeated. */
export function ProofDialog() {
  const [answer, setAnswer] = useState<Answer | null>(null)
  useEffect(() => proofIsAskedBy(() => new Promise<boolean>((resolve) => setAnswer(() => resolve))), [])
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

function Proof({ onClose }: { onClose: Answer }) {
  const query = useQuery(mfaQuery)
  return (
    <Loaded query={query} what="second factors">
      {({ totp, passkeys }) => (
        <>
          {passkeys > 0 && (
            <PasskeyButton label="Use a passkey" send={stepUpByPasskey} onDone={() => onClose(true)} />
          )}
          <ProofForm by={totp || passkeys > 0 ? 'code' : 'password'} onClose={onClose} />
        </>
      )}
    </Loaded>
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
        label={by === 'code' ? 'Code of your app, or a recovery code' : 'Your password'}
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
