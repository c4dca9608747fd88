import type { UseMutationResult } from '@tanstack/react-query'
import { useEffect, useRef, useState, type FormEventHandler, type ReactNode } from 'react'
import {
  get,
  useForm,
  type DefaultValues,
  type FieldValues,
  type Path,
  type UseFormReturn,
} from 'react-hook-form'
import { t } from '../../../shared/text.ts'
import type { ApiError } from '../api/ApiError.ts'
import { useSubmit } from '../api/submit.ts'
import { inputWords } from '../lib/inputWords.ts'
import { locale } from '../lib/language.ts'
import { Button } from '../ui/Button.tsx'
import { ErrorNotice } from './ErrorNotice.tsx'

export type ApiForm<Values extends FieldValues, Answer> = {
  form: UseFormReturn<Values>
  onSubmit: FormEventHandler<HTMLFormElement>
  submission: UseMutationResult<Answer, ApiError, Values>
  /** What was refused of the last try, without what its fields say themselves. */
  unsaid: ApiError['errors']
  /** The message of a field, from the browser's checks or from the server. */
  errorOf: (path: string) => string | undefined
}

/** A form whose values go to the server, and whose fields show what the server says about them. */
export function useApiForm<Values extends FieldValues, Answer>({
  defaultValues,
  send,
  onDone,
  fieldOf = (path) => path,
}: {
  defaultValues: DefaultValues<Values>
  send: (values: Values, key: string) => Promise<Answer>
  onDone: (answer: Answer) => void
  /** The form's name of a field the server speaks of, where they differ. */
  fieldOf?: (path: string) => string
}): ApiForm<Values, Answer> {
  const form = useForm<Values>({ defaultValues })
  const submission = useSubmit<Values, Answer>({ send, onDone })
  const [unsaid, setUnsaid] = useState<ApiError['errors']>([])

  const submit = form.handleSubmit((values) =>
    submission.mutate(values, {
      onError: ({ errors }) => {
        errors.forEach(({ path, message }, at) =>
          form.setError(
            fieldOf(path) as Path<Values>,
            { type: 'server', message: inputWords(message) },
            { shouldFocus: at === 0 },
          ),
        )
        // A registered field that is on the page shows its message itself.
        setUnsaid(
          errors.filter(({ path }) => {
            const { error } = form.getFieldState(fieldOf(path) as Path<Values>)
            return !(error?.ref && (error.ref as Partial<Element>).isConnected !== false)
          }),
        )
      },
    }),
  )
  return {
    form,
    submission,
    unsaid,
    onSubmit: (event) => {
      // A dialog's form lies inside the page's form as React sees it.
      event.stopPropagation()
      void submit(event)
    },
    errorOf: (path) => {
      const error: { message?: string } | undefined = get(form.formState.errors, path)
      return error?.message
    },
  }
}

/** The form element: refusals on top, fields, then the one button that sends it. */
export function Form<Values extends FieldValues, Answer>({
  of: { onSubmit, submission, unsaid },
  submitLabel,
  submitReason,
  danger = false,
  onCancel,
  children,
}: {
  of: ApiForm<Values, Answer>
  submitLabel: string
  /** Why it cannot be sent now. */
  submitReason?: string | undefined
  danger?: boolean
  /** Absent: there is nothing to go back to. */
  onCancel?: () => void
  children: ReactNode
}) {
  const refusal = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // A field at fault has the focus by now; otherwise the refusal must not stay above the fold.
    if (submission.error?.errors.length === 0) refusal.current?.scrollIntoView({ block: 'nearest' })
  }, [submission.error])
  return (
    <form noValidate onSubmit={onSubmit} className="space-y-4">
      {submission.error && (
        <div ref={refusal} className="scroll-mt-20">
          <ErrorNotice error={submission.error} errors={unsaid} />
        </div>
      )}
      {children}
      <div className="flex flex-wrap justify-end gap-2 pt-1">
        {onCancel && <Button onClick={onCancel}>Back</Button>}
        <Button
          type="submit"
          variant={danger ? 'danger' : 'primary'}
          loading={submission.isPending}
          disabledReason={submitReason}
        >
          {submitLabel}
        </Button>
      </div>
    </form>
  )
}

export const REQUIRED = t`This is needed.`

/** For number inputs whose emptiness says something: null. */
export const numberOrNone = (max: number) =>
  ({
    setValueAs: (typed: unknown) => (typed === '' || typed === null ? null : Number(typed)),
    validate: (value: unknown) =>
      value === null ||
      (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max) ||
      t`A whole number from 0 to ${max.toLocaleString(locale)}, or nothing.`,
  }) as const

/** For number inputs: an emptied one is an error, not zero. */
export const wholeNumber = (min: number, max: number) =>
  ({
    valueAsNumber: true,
    required: REQUIRED,
    validate: (value: unknown) =>
      (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) ||
      t`A whole number from ${min.toLocaleString(locale)} to ${max.toLocaleString(locale)}.`,
  }) as const
