import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { queuesQuery, setJobLimit, type QueueOverview } from '../../api/provisioningControls.ts'
import { Form, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { capitalize } from '../../lib/words.ts'

type Limit = QueueOverview['limits'][number]

/** How much may run at once, whatever number of workers there is. */
export function JobLimits({ overview }: { overview: QueueOverview }) {
  const { can } = useSession()
  const [changing, setChanging] = useState<Limit>()
  const reason = can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
  return (
    <Card flush>
      <DataTable
        label="Limits"
        rowKey={({ name }) => name}
        rows={overview.limits}
        columns={[
          { header: 'Limit', render: ({ label }) => capitalize(label) },
          { header: 'Running', align: 'right', render: ({ running }) => running },
          { header: 'At most', align: 'right', render: ({ capacity }) => capacity },
          {
            header: 'Action',
            narrow: true,
            render: (limit) => (
              <Button
                size="sm"
                aria-label={`Change ${limit.label}`}
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
        title={`Jobs at once, ${changing?.label ?? ''}`}
      >
        {changing && <LimitForm limit={changing} onClose={() => setChanging(undefined)} />}
      </Dialog>
    </Card>
  )
}

function LimitForm({ limit, onClose }: { limit: Limit; onClose: () => void }) {
  const client = useQueryClient()
  const of = useApiForm<{ capacity: number }, QueueOverview>({
    defaultValues: { capacity: limit.capacity },
    send: ({ capacity }, key) => setJobLimit({ name: limit.name, capacity }, key),
    onDone: (overview) => {
      client.setQueryData(queuesQuery().queryKey, overview)
      toast.done('The limit was changed')
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Change" onCancel={onClose}>
      <Field
        label="Jobs at once"
        hint="With 0 none is started. What runs already goes on."
        error={of.errorOf('capacity')}
      >
        <Input type="number" {...of.form.register('capacity', wholeNumber(0, 10_000))} />
      </Field>
    </Form>
  )
}
