import { useNavigate } from '@tanstack/react-router'
import { Download as DownloadIcon } from 'lucide-react'
import { useState } from 'react'
import { canSsl, REVOKE_REASONS } from '../../../../shared/states/ssl.ts'
import { t } from '../../../../shared/text.ts'
import { save } from '../../api/http.ts'
import {
  removeCertificate,
  renewCertificate,
  revokeCertificate,
  takeChain,
  takeKey,
  type SslAccepted,
  type SslCertificate,
} from '../../api/ssl.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { fileOf } from '../../lib/sslWords.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { UploadCertificate } from './UploadCertificate.tsx'

type Open = 'download' | 'upload' | 'revoke' | 'remove' | null

export function CertificateActions({ certificate }: { certificate: SslCertificate }) {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const renew = useSubmit<null, SslAccepted>({
    send: (_, key) => renewCertificate(certificate.id, key),
    onDone: () => toast.done(t`The certificate is being issued anew`),
  })
  const why = (action: keyof typeof canSsl) => {
    const verdict = canSsl[action](certificate)
    if (action !== 'download' && !can('ssl:manage', certificate.tenantId)) return NO_PERMISSION('ssl:manage')
    return verdict.allowed ? undefined : verdict.reason
  }
  const name = certificate.names[0] ?? ''
  return (
    <>
      <Button
        disabledReason={why('download')}
        icon={<DownloadIcon aria-hidden className="size-4" />}
        onClick={() => setOpen('download')}
      >
        Download
      </Button>
      {certificate.source === 'issued' ? (
        <>
          <Button
            variant="primary"
            loading={renew.isPending}
            disabledReason={why('renew')}
            onClick={() => renew.mutate(null)}
          >
            Renew now
          </Button>
          <Button disabledReason={why('revoke')} onClick={() => setOpen('revoke')}>
            Revoke
          </Button>
        </>
      ) : (
        <Button variant="primary" disabledReason={why('upload')} onClick={() => setOpen('upload')}>
          Upload successor
        </Button>
      )}
      <Button variant="danger" disabledReason={why('remove')} onClick={() => setOpen('remove')}>
        Remove
      </Button>
      {renew.error && (
        <div className="basis-full">
          <ErrorNotice error={renew.error} />
        </div>
      )}
      <Dialog open={open === 'download'} onClose={close} title={t`Download ${name}`}>
        <Download certificate={certificate} />
      </Dialog>
      <Dialog open={open === 'upload'} onClose={close} title="Upload successor" wide>
        <UploadCertificate successorOf={certificate} onClose={close} />
      </Dialog>
      <Dialog open={open === 'revoke'} onClose={close} title={t`Revoke ${name}`}>
        <Revoke certificate={certificate} onClose={close} />
      </Dialog>
      <ConfirmDestroy
        open={open === 'remove'}
        onClose={close}
        title={t`Remove ${name}`}
        name={name}
        effect="It is not renewed and not looked after any more. Where it is installed it goes on until it ends."
        submitLabel="Remove"
        send={() => removeCertificate(certificate.id)}
        onDone={() => {
          toast.done(t`Certificate removed`)
          void navigate(paths.certificates(tenant.slug))
        }}
      />
    </>
  )
}

const pem = (text: string): Blob => new Blob([text], { type: 'application/x-pem-file' })

function Download({ certificate }: { certificate: SslCertificate }) {
  const { can } = useSession()
  const chain = useSubmit<null, { pem: string }>({
    send: () => takeChain(certificate.id),
    onDone: (got) => save(pem(got.pem), fileOf(certificate.names, '')),
  })
  const key = useSubmit<null, { keyPem: string }>({
    send: (_, once) => takeKey(certificate.id, once),
    onDone: (got) => save(pem(got.keyPem), fileOf(certificate.names, '.key')),
  })
  const error = chain.error ?? key.error
  return (
    <div className="space-y-4">
      {error && <ErrorNotice error={error} />}
      <p>Who takes the private key is written down, and proves who he is first.</p>
      <div className="flex flex-wrap justify-end gap-2">
        <Button loading={chain.isPending} onClick={() => chain.mutate(null)}>
          Certificate with chain
        </Button>
        <Button
          loading={key.isPending}
          disabledReason={can('ssl:manage', certificate.tenantId) ? undefined : NO_PERMISSION('ssl:manage')}
          onClick={() => key.mutate(null)}
        >
          Private key
        </Button>
      </div>
    </div>
  )
}

function Revoke({ certificate, onClose }: { certificate: SslCertificate; onClose: () => void }) {
  const of = useApiForm<{ reason: string }, SslAccepted>({
    defaultValues: { reason: 'unspecified' },
    send: ({ reason }, key) => revokeCertificate(certificate.id, reason, key),
    onDone: () => {
      toast.done(t`The certificate is being revoked`)
      onClose()
    },
  })
  return (
    <Form of={of} danger submitLabel="Revoke" onCancel={onClose}>
      <p>
        Browsers no longer trust it once they have heard. Revoke it when its key may be known to others; what
        is merely not needed any more is removed instead.
      </p>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Select {...of.form.register('reason')}>
          {Object.keys(REVOKE_REASONS).map((reason) => (
            <option key={reason} value={reason}>
              {humanize(reason)}
            </option>
          ))}
        </Select>
      </Field>
    </Form>
  )
}
