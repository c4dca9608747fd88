import { useQueryClient } from '@tanstack/react-query'
import { t } from '../../../../shared/text.ts'
import { keepIpAddress, updateIpPool, type IpPool } from '../../api/provisioning.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Props = { pool: IpPool; onClose: () => void }

export function EditPool({ pool, onClose }: Props) {
  const of = useApiForm<
    Pick<IpPool, 'name' | 'rangeStart' | 'rangeEnd' | 'quarantineHours' | 'state'> & { dns: string },
    IpPool
  >({
    defaultValues: {
      name: pool.name,
      rangeStart: pool.rangeStart,
      rangeEnd: pool.rangeEnd,
      quarantineHours: pool.quarantineHours,
      state: pool.state,
      dns: pool.dnsServers.join(', '),
    },
    send: ({ dns, ...values }) =>
      updateIpPool(pool, { ...values, dnsServers: dns.split(/[\s,]+/).filter((one) => one !== '') }),
    fieldOf: (path) => (path.startsWith('dnsServers') ? 'dns' : path),
    onDone: () => {
      toast.done(t`Pool saved`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <p className="text-muted">It counts for what is given out from now on. Pods keep what they have.</p>
      <Field label="Name" error={errorOf('name')}>
        <Input maxLength={100} {...form.register('name', { required: REQUIRED })} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="First address" error={errorOf('rangeStart')}>
          <Input spellCheck={false} {...form.register('rangeStart', { required: REQUIRED })} />
        </Field>
        <Field label="Last address" error={errorOf('rangeEnd')}>
          <Input spellCheck={false} {...form.register('rangeEnd', { required: REQUIRED })} />
        </Field>
        <Field label="DNS servers" hint="Up to four, with commas." error={errorOf('dns')}>
          <Input spellCheck={false} {...form.register('dns')} />
        </Field>
        <Field label="Rest before reuse, in hours" error={errorOf('quarantineHours')}>
          <Input type="number" min={0} {...form.register('quarantineHours', wholeNumber(0, 8_760))} />
        </Field>
      </div>
      <Field label="State" hint="Nothing is given out of a paused pool." error={errorOf('state')}>
        <Select {...form.register('state')}>
          <option value="active">Active</option>
          <option value="paused">Paused</option>
        </Select>
      </Field>
    </Form>
  )
}

export function KeepAddress({ pool, onClose }: Props) {
  const client = useQueryClient()
  const of = useApiForm<{ address: string; note: string }, IpPool>({
    defaultValues: { address: '', note: '' },
    send: (values, key) => keepIpAddress(pool.id, { ...values, address: values.address.trim() }, key),
    onDone: () => {
      void client.invalidateQueries({ queryKey: ['ipPools'] })
      toast.done(t`No pod gets this address`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Keep" onCancel={onClose}>
      <Field label="Address" hint={t`In ${pool.network}, and free.`} error={errorOf('address')}>
        <Input spellCheck={false} {...form.register('address', { required: REQUIRED })} />
      </Field>
      <Field label="What for" error={errorOf('note')}>
        <Input maxLength={200} {...form.register('note', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}
