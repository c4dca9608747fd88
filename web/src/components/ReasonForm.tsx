import type { ReactNode } from 'react'
import { Field, Input } from '../ui/Field.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'

/** Asks for the reason of a deed, in the words of `children`, and does it. */
export function ReasonForm<Answer>({
  submitLabel,
  danger = false,
  send,
  onDone,
  onClose,
  children,
}: {
  submitLabel: string
  danger?: boolean
  send: (reason: string, key: string) => Promise<Answer>
  onDone: (answer: Answer) => void
  onClose: () => void
  children: ReactNode
}) {
  const of = useApiForm<{ reason: string }, Answer>({
    defaultValues: { reason: '' },
    send: ({ reason }, key) => send(reason, key),
    onDone: (answer) => {
      onDone(answer)
      onClose()
    },
  })
  return (
    <Form of={of} danger={danger} submitLabel={submitLabel} onCancel={onClose}>
      <p>{children}</p>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}
