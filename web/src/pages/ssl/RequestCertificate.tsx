import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { SSL_CHALLENGES } from '../../../../shared/states/ssl.ts'
import { t } from '../../../../shared/text.ts'
import { requestCertificate, sslIssuersQuery, type SslAccepted } from '../../api/ssl.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Field, Select, Textarea } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { names: string; issuerId: string; challenge: string }

export function RequestCertificate({ onClose }: { onClose: () => void }) {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const seesIssuers = can('infrastructure:read', null)
  const issuers = useQuery({ ...sslIssuersQuery({ limit: 200 }), enabled: seesIssuers })
  const of = useApiForm<Values, SslAccepted>({
    defaultValues: { names: '', issuerId: '', challenge: 'auto' },
    send: ({ names, issuerId, challenge }, key) =>
      requestCertificate(
        {
          tenantId: owner?.id ?? '',
          names: names.split(/[\s,]+/).filter((one) => one !== ''),
          issuerId: issuerId || null,
          challenge: oneOf(SSL_CHALLENGES, challenge) ?? 'auto',
        },
        key,
      ),
    onDone: ({ certificate }) => {
      toast.done(t`The certificate is being issued`)
      void navigate(paths.certificate(tenant.slug, certificate.id))
    },
  })
  return (
    <Form
      of={of}
      submitLabel="Request"
      submitReason={owner === null ? t`Choose the tenant first.` : undefined}
      onCancel={onClose}
    >
      {tenant.id === undefined && (
        <Field label="Tenant" hint="Whose domains they are.">
          <TenantPicker value={owner} onChange={setOwner} />
        </Field>
      )}
      <Field
        label="Names"
        hint="One a line, such as example.com and *.example.com. Each must be in a verified domain of the tenant."
        error={of.errorOf('names')}
      >
        <Textarea
          autoCapitalize="none"
          spellCheck={false}
          maxLength={20_000}
          {...of.form.register('names', { required: REQUIRED })}
        />
      </Field>
      <Field
        label="Proof"
        hint="By DNS where mPanel keeps the zone; else by HTTP, for which the names must lead here. TLS needs a listener of mPanel at port 443 of the names."
        error={of.errorOf('challenge')}
      >
        <Select {...of.form.register('challenge')}>
          <option value="auto">mPanel chooses</option>
          <option value="dns-01">DNS</option>
          <option value="http-01">HTTP</option>
          <option value="tls-alpn-01">TLS</option>
        </Select>
      </Field>
      {seesIssuers && (
        <Field label="Issuer" error={of.errorOf('issuerId')}>
          <Select {...of.form.register('issuerId')}>
            <option value="">The first that can</option>
            {issuers.data?.items.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
      )}
    </Form>
  )
}
