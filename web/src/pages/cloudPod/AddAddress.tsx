import { t } from '../../../../shared/text.ts'
import { addAddress } from '../../api/cloudPodAddresses.ts'
import type { CloudPod } from '../../api/cloudPods.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { which: 'ipv4' | 'ipv6' | 'given'; address: string }

export function AddAddress({ pod, onClose }: { pod: CloudPod; onClose: () => void }) {
  const of = useApiForm<Values, unknown>({
    defaultValues: { which: 'ipv4', address: '' },
    send: ({ which, address }, key) =>
      addAddress(pod.id, which === 'given' ? { address: address.trim() } : { family: which }, key),
    onDone: () => {
      toast.done(t`Address requested`)
      onClose()
    },
  })
  const { form, errorOf } = of
  const which = form.watch('which')
  return (
    <Form of={of} submitLabel="Add address" onCancel={onClose}>
      <RadioCards
        label="Which address"
        name="which"
        value={which}
        onChange={(chosen) => form.setValue('which', chosen as Values['which'])}
        options={[
          {
            value: 'ipv4',
            title: t`A free IPv4 address`,
            detail: t`The lowest one of the pools on its network.`,
          },
          {
            value: 'ipv6',
            title: t`A free IPv6 address`,
            detail: t`The lowest one of the pools on its network.`,
          },
          { value: 'given', title: t`A certain one`, detail: t`Of a pool on its network, and free.` },
        ]}
      />
      {which === 'given' && (
        <Field label="Address" error={errorOf('address')}>
          <Input spellCheck={false} {...form.register('address', { required: REQUIRED })} />
        </Field>
      )}
      <p className="text-muted">
        {pod.kind === 'vm'
          ? t`A guest is told one address of each family. A running machine takes it over at its next restart. A further one of the same family is set inside the guest.`
          : t`A guest is told one address of each family. A further one of the same family is set inside the guest.`}
      </p>
    </Form>
  )
}
