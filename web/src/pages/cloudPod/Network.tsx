import { useQuery } from '@tanstack/react-query'
import { Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { canAddress } from '../../../../shared/states/cloudPodAddress.ts'
import { t } from '../../../../shared/text.ts'
import {
  addressesQuery,
  releaseAddress,
  setReverseName,
  type CloudPodAddress,
} from '../../api/cloudPodAddresses.ts'
import type { CloudPod } from '../../api/cloudPods.ts'
import { useSubmit } from '../../api/submit.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { AddAddress } from './AddAddress.tsx'

type Verdict = ReturnType<typeof canAddress.name>
const why = (verdict: Verdict): string | undefined => (verdict.allowed ? undefined : verdict.reason)

/** The addresses of a pod with their reverse names. */
export function Network({ pod }: { pod: CloudPod }) {
  const { can } = useSession()
  const query = useQuery(addressesQuery(pod.id))
  const [adding, setAdding] = useState(false)
  const [naming, setNaming] = useState<CloudPodAddress>()
  const columns = useColumns(pod, setNaming)
  const items = query.data?.items ?? []
  const mayNot = can('infrastructure:manage', null)
    ? why(canAddress.add(pod, items.length))
    : NO_PERMISSION('infrastructure:manage')
  return (
    <Card
      title="Addresses"
      flush
      actions={
        <Button
          size="sm"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={mayNot}
          onClick={() => setAdding(true)}
        >
          Add address
        </Button>
      }
    >
      <Loaded query={query} what="addresses">
        {() =>
          items.length === 0 ? (
            <p className="p-4 text-muted">It holds no address any more.</p>
          ) : (
            <DataTable label="addresses" columns={columns} rows={items} rowKey={({ address }) => address} />
          )
        }
      </Loaded>
      <Dialog open={adding} onClose={() => setAdding(false)} title="Add an address">
        {adding && <AddAddress pod={pod} onClose={() => setAdding(false)} />}
      </Dialog>
      <Dialog
        open={naming !== undefined}
        onClose={() => setNaming(undefined)}
        title={t`Reverse name of ${naming?.address ?? t`the address`}`}
      >
        {naming && <NameForm pod={pod} of={naming} onClose={() => setNaming(undefined)} />}
      </Dialog>
    </Card>
  )
}

function useColumns(pod: CloudPod, onName: (address: CloudPodAddress) => void): Column<CloudPodAddress>[] {
  const { can } = useSession()
  const removal = useSubmit({
    send: (address: string) => releaseAddress(pod.id, address),
    onDone: () => toast.done(t`Release of the address requested`),
  })
  const mayName = can('cloudpods:update', pod.tenantId) ? undefined : NO_PERMISSION('cloudpods:update')
  const mayRelease = can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
  return [
    {
      header: t`Address`,
      render: ({ address, prefix, gateway, delivery, primary, pool, reverseName, reverse }) => (
        <span className="break-words">
          <span className="font-mono text-[13px] font-medium break-all">
            {address}/{prefix}
          </span>
          <span className="block text-[13px] break-all text-muted">
            gateway {gateway}
            {pool && t`, pool ${pool.name}`}
          </span>
          <span className="block text-[13px] text-muted">
            {primary
              ? t`Made with it`
              : delivery === 'card'
                ? t`Told to the guest`
                : t`Further address of the same card: to be set inside the guest`}
          </span>
          {reverseName && (
            <span className="block sm:hidden">
              <span className="break-all">{reverseName}</span>
              <Seen reverse={reverse} />
            </span>
          )}
        </span>
      ),
    },
    {
      header: t`Reverse name`,
      from: 'sm',
      render: ({ reverseName, reverse }) =>
        reverseName === null ? (
          <span className="text-muted">None</span>
        ) : (
          <span className="break-words">
            <span className="break-all">{reverseName}</span>
            <Seen reverse={reverse} />
          </span>
        ),
    },
    { header: t`State`, narrow: true, render: ({ state }) => <StateBadge of="address" state={state} /> },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (one) => (
        <span className="inline-flex gap-1">
          <Button
            size="icon"
            variant="ghost"
            aria-label={t`Change the reverse name of ${one.address}`}
            disabledReason={mayName ?? why(canAddress.name(pod))}
            onClick={() => onName(one)}
          >
            <Pencil aria-hidden className="size-4" />
          </Button>
          <Button
            size="icon"
            variant="ghost"
            aria-label={t`Release ${one.address}`}
            disabledReason={mayRelease ?? why(canAddress.release(pod, one))}
            onClick={() =>
              removal.mutate(one.address, {
                onError: (error) => toast.failed(t`The address was not released`, error.message),
              })
            }
          >
            <Trash2 aria-hidden className="size-4" />
          </Button>
        </span>
      ),
    },
  ]
}

/** Whether the world finds the name, and is led back. */
const Seen = ({ reverse }: Pick<CloudPodAddress, 'reverse'>) =>
  reverse && (
    <span className="block text-[13px] text-muted">
      <StateBadge of="reverseName" state={reverse.state} /> {reverse.message}
    </span>
  )

function NameForm({
  pod,
  of: { address, reverseName },
  onClose,
}: {
  pod: CloudPod
  of: CloudPodAddress
  onClose: () => void
}) {
  const of = useApiForm<{ reverseName: string }, CloudPodAddress>({
    defaultValues: { reverseName: reverseName ?? '' },
    send: ({ reverseName: typed }) => {
      const name = typed.trim().toLowerCase().replace(/\.$/, '')
      return setReverseName(pod.id, address, name === '' ? null : name)
    },
    onDone: () => {
      toast.done(t`Reverse name saved`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <p>
        Mail servers trust an address whose name leads back to it: give the name a record that does, and have
        the reverse zone of the pool delegated.
      </p>
      <Field
        label="Name"
        optional
        hint="Such as mail.example.com; nothing takes it away."
        error={of.errorOf('reverseName')}
      >
        <Input
          maxLength={254}
          autoCapitalize="none"
          spellCheck={false}
          {...of.form.register('reverseName')}
        />
      </Field>
    </Form>
  )
}
