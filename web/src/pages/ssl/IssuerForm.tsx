import { t } from '../../../../shared/text.ts'
import { createIssuer, updateIssuer, type SslIssuer } from '../../api/ssl.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Field, Input, Textarea } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = {
  name: string
  directoryUrl: string
  email: string
  profile: string
  caPem: string
  kid: string
  hmacKey: string
  priority: number
  budget: number
  domainBudget: string
}

/** @param issuer null: a new one */
export function IssuerForm({ issuer, onClose }: { issuer: SslIssuer | null; onClose: () => void }) {
  const of = useApiForm<Values, SslIssuer>({
    defaultValues: {
      name: issuer?.name ?? '',
      directoryUrl: issuer?.directoryUrl ?? '',
      email: issuer?.email ?? '',
      profile: issuer?.profile ?? '',
      caPem: issuer?.caPem ?? '',
      kid: '',
      hmacKey: '',
      priority: issuer?.priority ?? 100,
      budget: issuer?.budget ?? 300,
      domainBudget: issuer?.domainBudget?.toString() ?? '',
    },
    send: (
      { name, directoryUrl, email, profile, caPem, kid, hmacKey, priority, budget, domainBudget },
      key,
    ) => {
      const shape = {
        name,
        email: email || null,
        profile: profile || null,
        caPem: caPem || null,
        priority,
        budget,
        domainBudget: domainBudget === '' ? null : Number(domainBudget),
      }
      if (issuer !== null) return updateIssuer(issuer, shape)
      return createIssuer({ ...shape, directoryUrl, eab: kid === '' ? null : { kid, hmacKey } }, key)
    },
    onDone: ({ name }) => {
      toast.done(issuer === null ? t`${name} added` : t`${name} changed`)
      onClose()
    },
    fieldOf: (path) => path.replace('eab.', ''),
  })
  const { register } = of.form
  const isNew = issuer === null
  return (
    <Form of={of} submitLabel={isNew ? t`Add the CA` : t`Save`} onCancel={onClose}>
      <Field label="Name" error={of.errorOf('name')}>
        <Input maxLength={100} {...register('name', { required: REQUIRED })} />
      </Field>
      {isNew && (
        <Field
          label="Directory"
          hint="Such as https://acme-v02.api.letsencrypt.org/directory. Adding it accepts the terms of service of the CA."
          error={of.errorOf('directoryUrl')}
        >
          <Input type="url" autoComplete="off" {...register('directoryUrl', { required: REQUIRED })} />
        </Field>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Contact" optional hint="An e-mail address for the CA." error={of.errorOf('email')}>
          <Input type="email" autoComplete="off" {...register('email')} />
        </Field>
        <Field label="Profile" optional hint="Used where the CA offers it." error={of.errorOf('profile')}>
          <Input autoComplete="off" {...register('profile')} />
        </Field>
        <Field label="Priority" hint="The lowest number is asked first." error={of.errorOf('priority')}>
          <Input type="number" {...register('priority', wholeNumber(1, 1000))} />
        </Field>
        <Field label="Orders in three hours" hint="More are put off." error={of.errorOf('budget')}>
          <Input type="number" {...register('budget', wholeNumber(1, 1_000_000))} />
        </Field>
        <Field
          label="Certificates a week"
          optional
          hint="For one registered domain. More are put off."
          error={of.errorOf('domainBudget')}
        >
          <Input
            inputMode="numeric"
            {...register('domainBudget', {
              pattern: { value: /^[1-9]\d{0,5}$/, message: t`A whole number from 1.` },
            })}
          />
        </Field>
        {isNew && (
          <>
            <Field
              label="External account"
              optional
              hint="The key id, where the CA wants one."
              error={of.errorOf('kid')}
            >
              <Input autoComplete="off" {...register('kid')} />
            </Field>
            <Field
              label="Its key"
              optional
              hint="Stored encrypted and never shown again."
              error={of.errorOf('hmacKey')}
            >
              <Input type="password" autoComplete="off" {...register('hmacKey')} />
            </Field>
          </>
        )}
      </div>
      <Field
        label="Trust"
        optional
        hint="The CA certificates to trust when it is called, in PEM form; none: those of the system."
        error={of.errorOf('caPem')}
      >
        <Textarea spellCheck={false} className="font-mono text-[13px]" {...register('caPem')} />
      </Field>
    </Form>
  )
}
