import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import {
  blueprintQuery,
  nodesQuery,
  removeBlueprint,
  updateBlueprint,
  type Blueprint,
  type Node,
} from '../../api/provisioning.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { toast } from '../../ui/Toast.tsx'
import { BlueprintFields, imagesOf, type BlueprintValues } from './BlueprintFields.tsx'

const route = getRouteApi('/t/$tenant/blueprints/$id')

export default function EditBlueprintPage() {
  const { tenant } = useSession()
  const { id } = route.useParams()
  const query = useQuery(blueprintQuery(id))
  const nodes = useQuery(nodesQuery({ limit: 200 }))
  return (
    <Page
      title={query.data ? `Blueprint ${query.data.name}` : 'Blueprint'}
      crumbs={[{ label: 'Blueprints', link: paths.blueprints(tenant.slug) }]}
      permission="blueprints:update"
      badge={query.data && <StateBadge of="catalogue" state={query.data.state} />}
    >
      <Loaded query={nodes} what="nodes">
        {({ items }) => (
          <Loaded query={query} what="blueprint">
            {(blueprint) => (
              <div className="max-w-4xl space-y-4">
                <Edit key={blueprint.version} blueprint={blueprint} nodes={items} />
                <UseAndRemove blueprint={blueprint} />
              </div>
            )}
          </Loaded>
        )}
      </Loaded>
    </Page>
  )
}

function Edit({ blueprint, nodes }: { blueprint: Blueprint; nodes: Node[] }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const leave = () => void navigate(paths.blueprints(tenant.slug))
  const of = useApiForm<BlueprintValues, Blueprint>({
    defaultValues: {
      ...blueprint,
      images: blueprint.images.map(({ nodeId, sourceNodeId, ref }) => ({
        nodeId,
        sourceNodeId: sourceNodeId === nodeId ? '' : sourceNodeId,
        ref,
      })),
    },
    send: ({ name, minDiskGb, minMemoryMb, maxCores, maxMemoryMb, maxDiskGb, images }) =>
      updateBlueprint(blueprint, {
        name,
        minDiskGb,
        minMemoryMb,
        maxCores,
        maxMemoryMb,
        maxDiskGb,
        images: imagesOf(images),
      }),
    onDone: () => {
      toast.done('Blueprint saved', 'CloudPods that are there stay as they are.')
      leave()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={leave}>
      <BlueprintFields of={of} nodes={nodes} made />
    </Form>
  )
}

function UseAndRemove({ blueprint }: { blueprint: Blueprint }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [removing, setRemoving] = useState(false)
  const isActive = blueprint.state === 'active'
  const retire = useSubmit({
    send: () => updateBlueprint(blueprint, { state: isActive ? 'retired' : 'active' }),
    onDone: ({ state }) =>
      toast.done(state === 'active' ? 'It can be ordered' : 'Nobody can order it any more'),
  })
  return (
    <Card title={isActive ? 'In use' : 'Retired'}>
      <p className="mb-3 text-muted">
        {isActive
          ? 'CloudPods can be made of it. Retired, none is any more; those that are there stay.'
          : 'No CloudPod is made of it. Those that are there stay.'}
      </p>
      <div className="flex flex-wrap gap-2">
        <Button
          loading={retire.isPending}
          onClick={() =>
            retire.mutate(undefined, { onError: (error) => toast.failed('Not changed', error.message) })
          }
        >
          {isActive ? 'Retire' : 'Use it again'}
        </Button>
        <Button variant="danger" onClick={() => setRemoving(true)}>
          Remove
        </Button>
      </div>
      <ConfirmDestroy
        open={removing}
        onClose={() => setRemoving(false)}
        title="Remove the blueprint"
        name={blueprint.name}
        effect="It is taken out of mPanel if no CloudPod was ever made of it. Its templates stay where they are."
        submitLabel="Remove"
        send={() => removeBlueprint(blueprint.id)}
        onDone={() => {
          toast.done('Blueprint removed')
          void navigate(paths.blueprints(tenant.slug))
        }}
      />
    </Card>
  )
}
