import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useState } from 'react'
import type { RecoveryCodes as Codes } from '../../../../shared/api/authAccount.ts'
import { confirmTotp, enrolTotp } from '../../api/account.ts'
import { meQuery } from '../../api/session.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Skeleton } from '../../ui/Spinner.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'

const QrCode = lazy(() => import('../../ui/QrCode.tsx'))

/** From a new secret over the first code to the recovery codes. */
export function TotpEnrolment({ onDone }: { onDone: () => void }) {
  const client = useQueryClient()
  const [codes, setCodes] = useState<string[] | null>(null)
  const { mutate, data, error } = useSubmit({ send: enrolTotp, sessionOnly: true })
  useEffect(() => mutate(), [mutate])
  const of = useApiForm<{ code: string }, Codes>({
    defaultValues: { code: '' },
    send: confirmTotp,
    onDone: (answer) => {
      setCodes(answer.codes)
      // A role may have waited for it.
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
    },
  })
  if (codes) return <RecoveryCodes codes={codes} onDone={onDone} />
  if (error) return <ErrorNotice error={error} />
  if (!data) return <Skeleton label="Making a secret" />
  return (
    <>
      <ol className="list-decimal space-y-1 pl-5">
        <li>Scan the picture with an authenticator app, or type the secret into it.</li>
        <li>Enter the six digits that the app shows.</li>
      </ol>
      <Suspense fallback={<Skeleton label="Drawing the QR code" />}>
        <QrCode text={data.uri} label="QR code of the secret" />
      </Suspense>
      <p>
        Secret: <code className="font-mono text-[13px] break-all">{data.secret}</code>
      </p>
      <Form of={of} submitLabel="Turn on" onCancel={onDone}>
        <Field label="Code" error={of.errorOf('code')}>
          <Input
            inputMode="numeric"
            autoComplete="one-time-code"
            {...of.form.register('code', { required: REQUIRED })}
          />
        </Field>
      </Form>
    </>
  )
}
