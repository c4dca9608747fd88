import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Layers, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { canTemplate } from '../../../../shared/states/cloudPodTemplate.ts'
import { t } from '../../../../shared/text.ts'
import { removeTemplate } from '../../api/cloudPodTemplates.ts'
import { blueprintsQuery, type Blueprint } from '../../api/provisioning.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { count, disk, memory } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { toast } from '../../ui/Toast.tsx'

const route = getRouteApi('/t/$tenant/blueprints')

/** Of which pod it was made, and why it could not be removed. */
function Origin({ tenant, template }: { tenant: string; template: NonNullable<Blueprint['template']> }) {
  return (
    <div className="text-[13px] text-muted">
      Made of{' '}
      <Link {...paths.cloudPod(tenant, template.podId)} className="hover:underline">
        {template.hostname}
      </Link>
      {template.problem && <span className="block text-danger-text">{template.problem}</span>}
    </div>
  )
}

/** @param editable whether its page may be seen, which names nodes */
const columnsFor = (
  tenant: string,
  editable: boolean,
  removal: { reason: (blueprint: Blueprint) => string | undefined; begin: (blueprint: Blueprint) => void },
): Column<Blueprint>[] => [
  {
    header: t`Blueprint`,
    render: (blueprint) => (
      <>
        {editable ? (
          <Link {...paths.blueprint(tenant, blueprint.id)} className="font-medium hover:underline">
            {blueprint.name}
          </Link>
        ) : (
          <div className="font-medium">{blueprint.name}</div>
        )}
        <div className="font-mono text-[13px] text-muted">{blueprint.code}</div>
        {blueprint.template && <Origin tenant={tenant} template={blueprint.template} />}
      </>
    ),
  },
  { header: t`Kind`, from: 'sm', render: ({ kind }) => (kind === 'vm' ? t`Virtual machine` : t`Container`) },
  {
    header: t`At least`,
    from: 'md',
    render: ({ minMemoryMb, minDiskGb }) => t`${memory(minMemoryMb)}, ${disk(minDiskGb)} disk`,
  },
  {
    header: t`At most`,
    from: 'lg',
    render: ({ maxCores, maxMemoryMb, maxDiskGb }) =>
      t`${count(maxCores, t`core`, t`cores`)}, ${memory(maxMemoryMb)}, ${disk(maxDiskGb)} disk`,
  },
  {
    header: t`Images`,
    narrow: true,
    from: 'sm',
    render: ({ available, images }) =>
      !available ? (
        <span className="text-warning-text">None</span>
      ) : images.length === 0 ? (
        t`Available`
      ) : (
        count(images.length, t`node`, t`nodes`)
      ),
  },
  {
    header: t`State`,
    narrow: true,
    render: ({ state, template }) =>
      template && template.state !== 'ready' ? (
        <StateBadge of="template" state={template.state} />
      ) : (
        <StateBadge of="catalogue" state={state} />
      ),
  },
  {
    header: t`Actions`,
    narrow: true,
    align: 'right',
    render: (blueprint) =>
      blueprint.template && (
        <Button
          size="icon"
          variant="ghost"
          aria-label={t`Remove ${blueprint.name}`}
          disabledReason={removal.reason(blueprint)}
          onClick={() => removal.begin(blueprint)}
        >
          <Trash2 aria-hidden className="size-4" />
        </Button>
      ),
  },
]

export default function BlueprintsPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const [doomed, setDoomed] = useState<Blueprint | null>(null)
  const reason = ({ template, tenantId }: Blueprint): string | undefined => {
    const verdict = canTemplate.remove(template, 0)
    if (!can('cloudpods:template', tenantId)) return NO_PERMISSION('cloudpods:template')
    return verdict.allowed ? undefined : verdict.reason
  }
  const query = useQuery({
    ...blueprintsQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('blueprints:read'),
  })
  // Making one names nodes, which only those who see the infrastructure can choose.
  const create = can('blueprints:create') && can('infrastructure:read') && (
    <Link {...paths.newBlueprint(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New blueprint
    </Link>
  )
  return (
    <Page title="Blueprints" permission="blueprints:read" actions={create}>
      <Card flush>
        <List
          query={query}
          what="blueprints"
          columns={columnsFor(tenant.slug, can('blueprints:update') && can('infrastructure:read'), {
            reason,
            begin: setDoomed,
          })}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={Layers} title="No blueprints yet" action={create}>
              A blueprint is what a CloudPod is made from: a template on the nodes, and its limits.
            </EmptyState>
          }
        />
      </Card>
      <ConfirmDestroy
        open={doomed !== null}
        onClose={() => setDoomed(null)}
        title="Remove the blueprint"
        name={doomed?.name ?? ''}
        effect="Its template is destroyed, and nothing can be made of it any more. CloudPods that were made of it stay as they are; to rebuild one, another blueprint is chosen."
        submitLabel="Remove"
        send={async () => doomed && removeTemplate(doomed)}
        onDone={() => {
          setDoomed(null)
          toast.done(t`Removal requested`)
        }}
      />
    </Page>
  )
}
