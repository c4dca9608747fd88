import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { cloudPodsQuery, type CloudPod } from '../../api/cloudPods.ts'
import { connectDomain, type DomainConnection } from '../../api/domainConnections.ts'
import type { Domain } from '../../api/domains.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { useDebounced } from '../../components/hooks.ts'
import { tagsOf } from '../../lib/words.ts'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { SearchSelect } from '../../ui/SearchSelect.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { hosts: string; certificate: boolean; replace: boolean }
type Chosen = { id: string; label: string; detail: string }

const choice = ({ id, hostname, addresses }: CloudPod): Chosen => ({
  id,
  label: hostname,
  detail: addresses.join(', '),
})

export function ConnectForm({
  domain,
  connection,
  onClose,
}: {
  domain: Domain
  connection: DomainConnection | null
  onClose: () => void
}) {
  const [pod, setPod] = useState<Chosen | null>(
    connection && { id: connection.pod.id, label: connection.pod.hostname, detail: '' },
  )
  const [typed, setTyped] = useState('')
  const q = useDebounced(typed.trim())
  const pods = useQuery(cloudPodsQuery({ q: q || undefined, tenantId: domain.tenantId, limit: 20 }))
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
      toast.done('The domain is connected')
      onClose()
    },
  })
  return (
    <Form
      of={of}
      submitLabel="Connect"
      submitReason={pod === null ? 'Choose a CloudPod first.' : undefined}
      onCancel={onClose}
    >
      <Field label="CloudPod" error={of.errorOf('podId')}>
        <SearchSelect
          label="CloudPod"
          placeholder="Choose a CloudPod"
          items={(pods.data?.items ?? []).map(choice)}
          value={pod}
          onChange={setPod}
          onSearch={setTyped}
          searching={pods.isFetching}
        />
      </Field>
      <Field
        label="Names"
        hint={`Separated by spaces. @ is ${domain.unicodeName} itself; www is www.${domain.unicodeName}.`}
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
