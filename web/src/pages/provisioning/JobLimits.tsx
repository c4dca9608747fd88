import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type ComponentProps } from 'react'
import { t } from '../../../../shared/text.ts'
import { clustersQuery, nodesQuery } from '../../api/provisioning.ts'
import { queuesQuery, setJobLimit, type QueueOverview } from '../../api/provisioningControls.ts'
import { useSubmit } from '../../api/submit.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { capitalize } from '../../lib/spelledOut.ts'

type Limit = QueueOverview['limits'][number]

/** How much may run at once, whatever number of workers there is. */
export function JobLimits({ overview }: { overview: QueueOverview }) {
  const { can } = useSession()
  const [changing, setChanging] = useState<Limit>()
  const [adding, setAdding] = useState(false)
  const reason = can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
  return (
    <Card
      flush
      title="Jobs at once"
      actions={
        <Button size="sm" disabledReason={reason} onClick={() => setAdding(true)}>
          Limit one of them
        </Button>
      }
    >
      <DataTable
        label="Limits"
        rowKey={({ name }) => name}
        rows={overview.limits}
        columns={[
          { header: t`Limit`, render: ({ label }) => capitalize(label) },
          { header: t`Running`, align: 'right', render: ({ running }) => running },
          { header: t`At most`, align: 'right', render: ({ capacity }) => capacity },
          {
            header: t`Action`,
            narrow: true,
            render: (limit) => (
              <Button
                size="sm"
                aria-label={t`Change ${limit.label}`}
                disabledReason={reason}
                onClick={() => setChanging(limit)}
              >
                Change
              </Button>
            ),
          },
        ]}
      />
      <Dialog
        open={changing !== undefined}
        onClose={() => setChanging(undefined)}
        title={t`Jobs at once, ${changing?.label ?? ''}`}
      >
        {changing && <LimitForm limit={changing} onClose={() => setChanging(undefined)} />}
      </Dialog>
      <Dialog open={adding} onClose={() => setAdding(false)} title="A limit of its own">
        <NewLimit onClose={() => setAdding(false)} />
      </Dialog>
    </Card>
  )
}

const useOverview = (said: string, onClose: () => void) => {
  const client = useQueryClient()
  return (overview: QueueOverview) => {
    client.setQueryData(queuesQuery().queryKey, overview)
    toast.done(said)
    onClose()
  }
}

function LimitForm({ limit, onClose }: { limit: Limit; onClose: () => void }) {
  const of = useApiForm<{ capacity: number }, QueueOverview>({
    defaultValues: { capacity: limit.capacity },
    send: ({ capacity }, key) => setJobLimit({ name: limit.name, capacity }, key),
    onDone: useOverview(t`The limit was changed`, onClose),
  })
  const onDone = useOverview(t`The general limit counts again`, onClose)
  const end = useSubmit({
    send: (_: void, key) => setJobLimit({ name: limit.name, capacity: null }, key),
    onDone,
  })
  return (
    <Form of={of} submitLabel="Change" onCancel={onClose}>
      <Capacity error={of.errorOf('capacity')} {...of.form.register('capacity', wholeNumber(0, 10_000))} />
      {!limit.name.endsWith(':*') && (
        <Button
          loading={end.isPending}
          onClick={() =>
            end.mutate(undefined, { onError: (error) => toast.failed(t`Not changed`, error.message) })
          }
        >
          Use the general limit
        </Button>
      )}
    </Form>
  )
}

const Capacity = ({ error, ...field }: { error: string | undefined } & ComponentProps<typeof Input>) => (
  <Field label="Jobs at once" hint="With 0 none is started. What runs already goes on." error={error}>
    <Input type="number" {...field} />
  </Field>
)

const OF = {
  node: t`A node, for all that is done there`,
  clones: t`A cluster, for making pods`,
  backups: t`A cluster, for making and restoring backups`,
  storage: t`A storage, for making pods and backups`,
} as const
type NewLimitValues = { of: keyof typeof OF; id: string; storage: string; capacity: number }

function NewLimit({ onClose }: { onClose: () => void }) {
  const nodes = useQuery(nodesQuery({ limit: 200 }))
  const clusters = useQuery(clustersQuery({ limit: 200 }))
  const form = useApiForm<NewLimitValues, QueueOverview>({
    defaultValues: { of: 'clones', id: '', storage: '', capacity: 4 },
    send: ({ of, id, storage, capacity }, key) =>
      setJobLimit({ name: `${of}:${id}${of === 'storage' ? `/${storage.trim()}` : ''}`, capacity }, key),
    fieldOf: (path) => (path === 'name' ? 'storage' : path),
    onDone: useOverview(t`The limit counts for what is started from now on`, onClose),
  })
  const { register, watch } = form.form
  const of = watch('of')
  const choices = (of === 'node' ? nodes : clusters).data?.items ?? []
  return (
    <Form of={form} submitLabel="Set limit" onCancel={onClose}>
      <Field label="What" error={form.errorOf('of')}>
        <Select {...register('of')}>
          {Object.entries(OF).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={of === 'node' ? t`Node` : t`Cluster`} error={form.errorOf('id')}>
        <Select {...register('id', { required: REQUIRED })}>
          <option value="">Choose one</option>
          {choices.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
      {of === 'storage' && (
        <Field label="Storage" hint="As the cluster calls it." error={form.errorOf('storage')}>
          <Input
            autoComplete="off"
            spellCheck={false}
            maxLength={100}
            {...register('storage', { required: REQUIRED })}
          />
        </Field>
      )}
      <Capacity error={form.errorOf('capacity')} {...register('capacity', wholeNumber(0, 10_000))} />
    </Form>
  )
}
