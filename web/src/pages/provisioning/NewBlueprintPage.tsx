import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { createBlueprint, nodesQuery, type Blueprint, type Node } from '../../api/provisioning.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ImageFields, type ImageValues } from './ImageFields.tsx'

export default function NewBlueprintPage() {
  const { tenant, can } = useSession()
  const nodes = useQuery({ ...nodesQuery({ limit: 200 }), enabled: can('blueprints:create') })
  return (
    <Page
      title="New blueprint"
      crumbs={[{ label: 'Blueprints', link: paths.blueprints(tenant.slug) }]}
      permission="blueprints:create"
    >
      <Loaded query={nodes} what="nodes">
        {({ items }) => <BlueprintForm nodes={items} />}
      </Loaded>
    </Page>
  )
}

export type BlueprintValues = {
  code: string
  name: string
  kind: Blueprint['kind']
  minDiskGb: number
  minMemoryMb: number
  maxCores: number
  maxMemoryMb: number
  maxDiskGb: number
  images: ImageValues[]
}

const LIMITS: [
  name: 'minMemoryMb' | 'minDiskGb' | 'maxCores' | 'maxMemoryMb' | 'maxDiskGb',
  label: string,
  min: number,
  max: number,
][] = [
  ['minMemoryMb', 'Memory at least (MiB)', 128, 4_194_304],
  ['minDiskGb', 'Disk at least (GiB)', 1, 65_536],
  ['maxCores', 'Cores at most', 1, 512],
  ['maxMemoryMb', 'Memory at most (MiB)', 128, 4_194_304],
  ['maxDiskGb', 'Disk at most (GiB)', 1, 65_536],
]

function BlueprintForm({ nodes }: { nodes: Node[] }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const of = useApiForm<BlueprintValues, Blueprint>({
    defaultValues: {
      code: '',
      name: '',
      kind: 'vm',
      minDiskGb: 5,
      minMemoryMb: 512,
      maxCores: 128,
      maxMemoryMb: 1_048_576,
      maxDiskGb: 65_536,
      images: [{ nodeId: nodes[0]?.id ?? '', sourceNodeId: '', ref: '' }],
    },
    send: ({ images, ...values }, key) =>
      createBlueprint(
        {
          ...values,
          images: images.map(({ nodeId, sourceNodeId, ref }) => ({
            nodeId,
            ref: ref.trim(),
            ...(sourceNodeId && { sourceNodeId }),
          })),
        },
        key,
      ),
    onDone: ({ name }) => {
      toast.done(`Blueprint ${name} created`)
      void navigate(paths.blueprints(tenant.slug))
    },
  })
  const { form, errorOf } = of
  return (
    <div className="max-w-4xl">
      <Form
        of={of}
        submitLabel="Create blueprint"
        submitReason={nodes.length === 0 ? 'No node is known yet: add a cluster first.' : undefined}
        onCancel={() => void navigate(paths.blueprints(tenant.slug))}
      >
        <Card title="Blueprint">
          <div className="grid gap-4 sm:grid-cols-3">
            <Field label="Name" error={errorOf('name')}>
              <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
            </Field>
            <Field label="Code" hint="Such as debian-13; unique." error={errorOf('code')}>
              <Input
                autoCapitalize="none"
                spellCheck={false}
                maxLength={63}
                {...form.register('code', {
                  required: REQUIRED,
                  pattern: {
                    value: /^[a-z0-9][a-z0-9.-]*$/,
                    message: 'Lower-case letters, digits, dots and hyphens.',
                  },
                })}
              />
            </Field>
            <Field label="Kind" error={errorOf('kind')}>
              <Select {...form.register('kind')}>
                <option value="vm">Virtual machine</option>
                <option value="ct">Container</option>
              </Select>
            </Field>
            {LIMITS.map(([name, label, min, max]) => (
              <Field key={name} label={label} error={errorOf(name)}>
                <Input type="number" min={min} {...form.register(name, wholeNumber(min, max))} />
              </Field>
            ))}
          </div>
        </Card>
        <ImageFields of={of} nodes={nodes} />
      </Form>
    </div>
  )
}
