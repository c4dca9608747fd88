import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { createBlueprint, nodesQuery, type Blueprint, type Node } from '../../api/provisioning.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { toast } from '../../ui/Toast.tsx'
import { BlueprintFields, imagesOf, type BlueprintValues } from './BlueprintFields.tsx'

export default function NewBlueprintPage() {
  const { tenant, can } = useSession()
  const nodes = useQuery({ ...nodesQuery({ limit: 200 }), enabled: can('blueprints:create') })
  return (
    <Page
      title="New blueprint"
      crumbs={[{ label: t`Blueprints`, link: paths.blueprints(tenant.slug) }]}
      permission="blueprints:create"
    >
      <Loaded query={nodes} what="nodes">
        {({ items }) => <BlueprintForm nodes={items} />}
      </Loaded>
    </Page>
  )
}

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
      minCpuLevel: '',
      images: [{ nodeId: nodes[0]?.id ?? '', sourceNodeId: '', ref: '' }],
    },
    send: (values, key) =>
      createBlueprint(
        { ...values, minCpuLevel: values.minCpuLevel || null, images: imagesOf(values.images) },
        key,
      ),
    onDone: ({ name }) => {
      toast.done(t`Blueprint ${name} created`)
      void navigate(paths.blueprints(tenant.slug))
    },
  })
  return (
    <div className="max-w-4xl">
      <Form
        of={of}
        submitLabel="Create blueprint"
        submitReason={nodes.length === 0 ? t`No node is known yet: add a cluster first.` : undefined}
        onCancel={() => void navigate(paths.blueprints(tenant.slug))}
      >
        <BlueprintFields of={of} nodes={nodes} />
      </Form>
    </div>
  )
}
