import type { ReactNode } from 'react'
import { t } from '../../../shared/text.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Field, Input } from '../ui/Field.tsx'
import { Form, useApiForm } from './Form.tsx'

/** Asks to type the name of what will be gone. */
export function ConfirmDestroy<Answer>({
  open,
  onClose,
  title,
  name,
  effect,
  hint,
  submitLabel,
  send,
  onDone,
}: {
  open: boolean
  onClose: () => void
  title: string
  name: string
  /** What will happen, in a sentence. */
  effect: ReactNode
  /** Instead of that it cannot be undone. */
  hint?: string | undefined
  submitLabel: string
  send: (key: string) => Promise<Answer>
  onDone: (answer: Answer) => void
}) {
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <Confirmation {...{ onClose, name, effect, hint, submitLabel, send, onDone }} />
    </Dialog>
  )
}

function Confirmation<Answer>({
  onClose,
  name,
  effect,
  hint,
  submitLabel,
  send,
  onDone,
}: {
  onClose: () => void
  name: string
  effect: ReactNode
  hint?: string | undefined
  submitLabel: string
  send: (key: string) => Promise<Answer>
  onDone: (answer: Answer) => void
}) {
  const of = useApiForm<{ typed: string }, Answer>({
    defaultValues: { typed: '' },
    send: (_, key) => send(key),
    onDone,
  })
  const typed = of.form.watch('typed')
  return (
    <Form
      of={of}
      danger
      submitLabel={submitLabel}
      submitReason={typed.trim() === name ? undefined : t`Type the name first.`}
      onCancel={onClose}
    >
      <div>{effect}</div>
      <TypeName
        name={name}
        hint={hint}
        input={<Input autoComplete="off" spellCheck={false} {...of.form.register('typed')} />}
      />
    </Form>
  )
}

export function TypeName({
  name,
  hint = t`This cannot be undone.`,
  input,
}: {
  name: string
  hint?: string | undefined
  input: ReactNode
}) {
  return (
    <Field label={t`Type ${name} to confirm`} hint={hint}>
      {input}
    </Field>
  )
}
