import { t } from '../../../../shared/text.ts'
import { useState } from 'react'
import { connectDomain, type DomainConnection } from '../../api/domainConnections.ts'
import type { Domain } from '../../api/domains.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { PodPicker, type ChosenPod } from '../../components/pickers.tsx'
import { tagsOf } from '../../lib/words.ts'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { hosts: string; certificate: boolean; replace: boolean }
export function ConnectForm({
  domain,
  connection,
  onClose,
}: {
  domain: Domain
  connection: DomainConnection | null
  onClose: () => void
}) {
  const [pod, setPod] = useState<ChosenPod | null>(
    connection && { id: connection.pod.id, label: connection.pod.hostname, detail: '' },
  )
  const of = useApiForm<Values, unknown>({
    defaultValues: {
      hosts: connection?.hosts.map((host) => `${host}.`).join(' ') ?? '@ www',
      certificate: connection === null || connection.certificate !== null,
      replace: false,
    },
    send: ({ hosts, ...more }, key) =>
      connectDomain(domain.id, { podId: pod?.id ?? '', hosts: tagsOf(hosts), ...more }, key),
    fieldOf: (path) => (path.startsWith('hosts') ? 'hosts' : path),
    onDone: () => {
      toast.done(t`The domain is connected`)
      onClose()
    },
  })
  return (
    <Form
      of={of}
      submitLabel="Connect"
      submitReason={pod === null ? t`Choose a CloudPod first.` : undefined}
      onCancel={onClose}
    >
      <Field label="CloudPod" error={of.errorOf('podId')}>
        <PodPicker value={pod} onChange={setPod} tenantId={domain.tenantId} />
      </Field>
      <Field
        label="Names"
        hint={t`Separated by spaces. @ is ${domain.unicodeName} itself; www is www.${domain.unicodeName}.`}
        error={of.errorOf('hosts')}
      >
        <Input
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          {...of.form.register('hosts', { required: REQUIRED })}
        />
      </Field>
      <Checkbox label="Have a certificate made for these names" {...of.form.register('certificate')} />
      <Checkbox label="Replace records that these names have now" {...of.form.register('replace')} />
    </Form>
  )
}
