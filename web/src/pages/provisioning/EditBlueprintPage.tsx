import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import {
  blueprintQuery,
  nodesQuery,
  removeBlueprint,
  updateBlueprint,
  type Blueprint,
  type Node,
} from '../../api/provisioning.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { UseAndRemove } from '../../components/UseAndRemove.tsx'
import { paths } from '../../paths.ts'
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
      title={query.data ? t`Blueprint ${query.data.name}` : t`Blueprint`}
      crumbs={[{ label: t`Blueprints`, link: paths.blueprints(tenant.slug) }]}
      permission="blueprints:update"
      badge={query.data && <StateBadge of="catalogue" state={query.data.state} />}
    >
      <Loaded query={nodes} what="nodes">
        {({ items }) => (
          <Loaded query={query} what="blueprint">
            {(blueprint) => (
              <div className="max-w-4xl space-y-4">
                <Edit key={blueprint.version} blueprint={blueprint} nodes={items} />
                {blueprint.template ? (
                  <Own hostname={blueprint.template.hostname} />
                ) : (
                  <Use blueprint={blueprint} />
                )}
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
      minCpuLevel: blueprint.minCpuLevel ?? '',
      images: blueprint.images.map(({ nodeId, sourceNodeId, ref }) => ({
        nodeId,
        sourceNodeId: sourceNodeId === nodeId ? '' : sourceNodeId,
        ref,
      })),
    },
    send: ({ name, minDiskGb, minMemoryMb, maxCores, maxMemoryMb, maxDiskGb, minCpuLevel, images }) =>
      updateBlueprint(blueprint, {
        name,
        minDiskGb,
        minMemoryMb,
        maxCores,
        maxMemoryMb,
        maxDiskGb,
        minCpuLevel: minCpuLevel || null,
        ...(blueprint.template ? {} : { images: imagesOf(images) }),
      }),
    onDone: () => {
      toast.done(t`Blueprint saved`, t`CloudPods that are there stay as they are.`)
      leave()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={leave}>
      <BlueprintFields of={of} nodes={nodes} made ownTemplate={blueprint.template !== null} />
    </Form>
  )
}

function Own({ hostname }: { hostname: string }) {
  return (
    <Card title="Template">
      <p className="text-muted">
        It was made of {hostname}, for the tenant of that CloudPod alone. It is removed in the list of
        blueprints, with its template.
      </p>
    </Card>
  )
}

function Use({ blueprint }: { blueprint: Blueprint }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const active = blueprint.state === 'active'
  return (
    <UseAndRemove
      active={active}
      words={{
        title: t`Retired`,
        explained: active
          ? t`CloudPods can be made of it. Retired, none is any more; those that are there stay.`
          : t`No CloudPod is made of it. Those that are there stay.`,
        toggle: t`Retire`,
      }}
      toggle={() => updateBlueprint(blueprint, { state: active ? 'retired' : 'active' })}
      onToggled={({ state }) =>
        toast.done(state === 'active' ? t`It can be ordered` : t`Nobody can order it any more`)
      }
      removal={{
        title: t`Remove the blueprint`,
        name: blueprint.name,
        effect: t`It is taken out of mPanel if no CloudPod was ever made of it. Its templates stay where they are.`,
        send: () => removeBlueprint(blueprint.id),
        onDone: () => {
          toast.done(t`Blueprint removed`)
          void navigate(paths.blueprints(tenant.slug))
        },
      }}
    />
  )
}
