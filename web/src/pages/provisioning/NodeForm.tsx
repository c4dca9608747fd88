import { t } from '../../../../shared/text.ts'
import { configureNode, type Node } from '../../api/provisioning.ts'
import { Form, useApiForm, REQUIRED, wholeNumber } from '../../components/Form.tsx'
import { tagsOf } from '../../lib/words.ts'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = {
  storage: string
  backupStorage: string
  diskGb: number
  cpuOvercommit: number
  memoryOvercommit: number
  headroomPercent: number
  tags: string
  state: Node['state']
}

const factor = {
  valueAsNumber: true,
  required: REQUIRED,
  validate: (value: number) => (value > 0 && value <= 100) || t`A factor above 0, up to 100.`,
} as const

/** What the cluster cannot tell: where pods lie and how far the node may be filled. */
export function NodeForm({ node, onClose }: { node: Node; onClose: () => void }) {
  const of = useApiForm<Values, Node>({
    defaultValues: {
      storage: node.storage ?? '',
      backupStorage: node.backupStorage ?? '',
      diskGb: node.diskGb,
      cpuOvercommit: node.cpuOvercommit,
      memoryOvercommit: node.memoryOvercommit,
      headroomPercent: node.headroomPercent,
      tags: node.tags.join(', '),
      state: node.state,
    },
    send: ({ storage, backupStorage, tags, ...values }, key) =>
      configureNode(
        {
          ...values,
          clusterId: node.clusterId,
          name: node.name,
          tags: tagsOf(tags),
          ...(storage.trim() && { storage: storage.trim() }),
          ...(backupStorage.trim() && { backupStorage: backupStorage.trim() }),
        },
        key,
      ),
    fieldOf: (path) => (path.startsWith('tags') ? 'tags' : path),
    onDone: () => {
      toast.done(t`Node configured`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field
        label="Storage"
        hint="Where the disks of CloudPods lie, such as local-lvm."
        error={errorOf('storage')}
      >
        <Input spellCheck={false} maxLength={100} {...form.register('storage')} />
      </Field>
      <Field
        label="Storage for backups"
        hint="Where the backups of CloudPods go. From a shared one every node can restore."
        error={errorOf('backupStorage')}
      >
        <Input spellCheck={false} maxLength={100} {...form.register('backupStorage')} />
      </Field>
      <Field
        label="Disk (GiB)"
        hint="How much of the storage may be given to CloudPods."
        error={errorOf('diskGb')}
      >
        <Input type="number" min={0} {...form.register('diskGb', wholeNumber(0, 2_000_000_000))} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Overcommit of cores" error={errorOf('cpuOvercommit')}>
          <Input type="number" step="0.1" min={0.1} {...form.register('cpuOvercommit', factor)} />
        </Field>
        <Field label="Overcommit of memory" error={errorOf('memoryOvercommit')}>
          <Input type="number" step="0.1" min={0.1} {...form.register('memoryOvercommit', factor)} />
        </Field>
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Memory left free (%)"
          hint="For pods that come here when another node fails."
          error={errorOf('headroomPercent')}
        >
          <Input type="number" min={0} max={90} {...form.register('headroomPercent', wholeNumber(0, 90))} />
        </Field>
        <Field
          label="Tags"
          optional
          hint="Such as ssd, epyc: a plan may ask for them."
          error={errorOf('tags')}
        >
          <Input autoComplete="off" spellCheck={false} {...form.register('tags')} />
        </Field>
      </div>
      <Field label="New CloudPods" error={errorOf('state')}>
        <Select {...form.register('state')}>
          <option value="active">Are placed here</option>
          <option value="drained">Are not placed here any more</option>
        </Select>
      </Field>
    </Form>
  )
}
