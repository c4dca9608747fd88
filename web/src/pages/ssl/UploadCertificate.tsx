import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { replaceCertificate, uploadCertificate, type SslCertificate } from '../../api/ssl.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Field, Textarea } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { chainPem: string; keyPem: string }

/** How each of them begins. */
const LOOKS: Values = { chainPem: '-----BEGIN CERTIFICATE-----', keyPem: '-----BEGIN PRIVATE KEY-----' }

/** @param successorOf one that was uploaded before, for the same names */
export function UploadCertificate({
  successorOf,
  onClose,
}: {
  successorOf?: SslCertificate
  onClose: () => void
}) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const of = useApiForm<Values, SslCertificate>({
    defaultValues: { chainPem: '', keyPem: '' },
    send: (values, key) =>
      successorOf === undefined
        ? uploadCertificate({ tenantId: owner?.id ?? '', ...values }, key)
        : replaceCertificate(successorOf.id, values, key),
    onDone: ({ id }) => {
      toast.done(t`Certificate uploaded`)
      onClose()
      void navigate(paths.certificate(tenant.slug, id))
    },
  })
  const asksTenant = successorOf === undefined && tenant.id === undefined
  return (
    <Form
      of={of}
      submitLabel="Upload"
      submitReason={asksTenant && owner === null ? t`Choose the tenant first.` : undefined}
      onCancel={onClose}
    >
      {asksTenant && (
        <Field label="Tenant" hint="Whose domains they are.">
          <TenantPicker value={owner} onChange={setOwner} />
        </Field>
      )}
      <Field
        label="Certificate and chain"
        hint="In PEM form: the certificate first, then each one that signed the one before it."
        error={of.errorOf('chainPem')}
      >
        <Textarea
          rows={8}
          spellCheck={false}
          className="font-mono text-[13px]"
          placeholder={LOOKS.chainPem}
          {...of.form.register('chainPem', { required: REQUIRED })}
        />
      </Field>
      <Field
        label="Private key"
        hint="In PEM form and without a pass phrase. It is stored encrypted."
        error={of.errorOf('keyPem')}
      >
        <Textarea
          rows={5}
          spellCheck={false}
          autoComplete="off"
          className="font-mono text-[13px]"
          placeholder={LOOKS.keyPem}
          {...of.form.register('keyPem', { required: REQUIRED })}
        />
      </Field>
    </Form>
  )
}
