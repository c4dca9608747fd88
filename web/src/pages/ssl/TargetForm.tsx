import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { addTarget, type SslCertificate, type SslTargetMade } from '../../api/ssl.ts'
import { CA_RULES, CaField } from '../../components/CaField.tsx'
import { oneOf } from '../../components/Filters.tsx'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { INSTALL_DEFAULTS, InstallFields } from '../../components/InstallFields.tsx'
import { PodPicker, type ChosenPod } from '../../components/pickers.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'

const KINDS = ['agent', 'webhook', 'guest'] as const
type Values = {
  kind: string
  name: string
  address: string
  caPem: string
  withKey: boolean
  chainPath: string
  keyPath: string
  reload: string
  host: string
  port: number
}

const EXPLAINED = {
  agent: t`A program on the CloudPod fetches it with an API key that has the scope ssl:install and is limited to this CloudPod.`,
  webhook: t`Each version is posted to an address, signed.`,
  guest: t`Each version is written into the virtual machine through its guest agent, and the command is run there as root.`,
}

export function TargetForm({
  certificate,
  onClose,
  onMade,
}: {
  certificate: SslCertificate
  onClose: () => void
  onMade: (target: SslTargetMade) => void
}) {
  const { can } = useSession()
  const [pod, setPod] = useState<ChosenPod | null>(null)
  const of = useApiForm<Values, SslTargetMade>({
    defaultValues: {
      kind: 'agent',
      name: '',
      address: '',
      caPem: '',
      withKey: false,
      ...INSTALL_DEFAULTS,
      host: '',
      port: 443,
    },
    send: ({ kind, host, port, name, address, caPem, withKey, chainPath, keyPath, reload }, key) => {
      const probe = { host: host || null, port }
      const podId = pod?.id ?? ''
      const body =
        kind === 'webhook'
          ? { kind: 'webhook' as const, name, address, caPem: caPem || null, withKey, ...probe }
          : kind === 'guest'
            ? { kind: 'guest' as const, podId, chainPath, keyPath, reload, ...probe }
            : { kind: 'agent' as const, podId, ...probe }
      return addTarget(certificate.id, body, key)
    },
    onDone: onMade,
  })
  const { register } = of.form
  const kind = oneOf(KINDS, of.form.watch('kind')) ?? 'agent'
  const console = can('cloudpods:console', certificate.tenantId)
  const why =
    kind === 'guest' && !console
      ? NO_PERMISSION('cloudpods:console')
      : kind !== 'webhook' && pod === null
        ? t`Choose a CloudPod first.`
        : undefined
  return (
    <Form of={of} submitLabel="Add the target" submitReason={why} onCancel={onClose}>
      <Field label="Way" hint={EXPLAINED[kind]} error={of.errorOf('kind')}>
        <Select {...register('kind')}>
          <option value="agent">Fetched by an agent</option>
          <option value="webhook">Webhook</option>
          <option value="guest">Guest agent of a virtual machine</option>
        </Select>
      </Field>
      {kind === 'webhook' ? (
        <>
          <Field label="Name" error={of.errorOf('name')}>
            <Input maxLength={100} {...register('name', { required: REQUIRED })} />
          </Field>
          <Field label="Address" hint="Beginning with https://." error={of.errorOf('address')}>
            <Input type="url" autoComplete="off" {...register('address', { required: REQUIRED })} />
          </Field>
          <CaField field={register('caPem', CA_RULES)} error={of.errorOf('caPem')} />
          <Checkbox label="Send the private key as well" {...register('withKey')} />
        </>
      ) : (
        <Field label="CloudPod" error={of.errorOf('podId')}>
          <PodPicker value={pod} onChange={setPod} tenantId={certificate.tenantId} />
        </Field>
      )}
      {kind === 'guest' && <InstallFields of={of} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Looked at"
          optional
          hint={kind === 'webhook' ? t`None: where its first name points to.` : t`None: the CloudPod itself.`}
          error={of.errorOf('host')}
        >
          <Input autoComplete="off" autoCapitalize="none" spellCheck={false} {...register('host')} />
        </Field>
        <Field label="Port" error={of.errorOf('port')}>
          <Input type="number" {...register('port', wholeNumber(1, 65_535))} />
        </Field>
      </div>
    </Form>
  )
}
