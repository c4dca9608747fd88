import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import {
  checkCluster,
  checkConnection,
  clusterQuery,
  removeCluster,
  updateCluster,
  type Cluster,
} from '../../api/provisioning.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { UseAndRemove } from '../../components/UseAndRemove.tsx'
import { paths } from '../../paths.ts'
import { toast } from '../../ui/Toast.tsx'
import { ClusterFields } from './ClusterFields.tsx'
import { connectionOf } from './clusterValues.ts'
import { ClusterConnection } from '../../components/ConnectionCheck.tsx'
import type { ClusterValues } from './TrustFields.tsx'

const route = getRouteApi('/t/$tenant/clusters/$id/edit')

export default function EditClusterPage() {
  const { tenant } = useSession()
  const { id } = route.useParams()
  const query = useQuery(clusterQuery(id))
  return (
    <Page
      title={query.data ? t`Cluster ${query.data.name}` : t`Cluster`}
      crumbs={[{ label: t`Clusters & nodes`, link: paths.clusters(tenant.slug) }]}
      permission="infrastructure:manage"
    >
      <Loaded query={query} what="cluster">
        {(cluster) => (
          <div className="max-w-3xl space-y-4">
            <Edit key={cluster.version} cluster={cluster} />
            <Use cluster={cluster} />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Edit({ cluster }: { cluster: Cluster }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const of = useApiForm<ClusterValues, Cluster>({
    defaultValues: {
      name: cluster.name,
      apiUrl: cluster.apiUrl,
      tokenId: cluster.tokenId,
      tokenSecret: '',
      trust: cluster.caPem ? 'ca' : cluster.fingerprint ? 'fingerprint' : 'system',
      caPem: cluster.caPem ?? '',
      fingerprint: cluster.fingerprint ?? '',
      region: cluster.region ?? '',
      vmidMin: cluster.vmidMin,
      vmidMax: cluster.vmidMax,
    },
    send: (values) => {
      const { name, vmidMin, vmidMax } = values
      const region = values.region.trim() || null
      const { tokenSecret, ...connection } = connectionOf(values)
      const secret = tokenSecret === '' ? {} : { tokenSecret }
      return updateCluster(cluster, { name, region, vmidMin, vmidMax, ...connection, ...secret })
    },
    onDone: () => {
      toast.done(t`Cluster saved`, t`It is being read again.`)
      void navigate(paths.clusters(tenant.slug))
    },
  })
  const { form } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={() => void navigate(paths.clusters(tenant.slug))}>
      <ClusterFields
        of={of}
        secretHint="Only when it, the address, the token or the trust changes."
        secretRequired={false}
      />
      <ClusterConnection
        ready={async () => true}
        // Without a secret that was typed, what is stored is tried as it is stored.
        send={(key) =>
          form.getValues('tokenSecret') === ''
            ? checkCluster(cluster.id, key)
            : checkConnection(connectionOf(form.getValues()), key)
        }
      />
    </Form>
  )
}

/** Whether new pods are placed there; and taking it out. */
function Use({ cluster }: { cluster: Cluster }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const active = cluster.state === 'active'
  return (
    <UseAndRemove
      active={active}
      words={{
        title: t`Paused`,
        explained: active
          ? t`New CloudPods are placed here. Paused, it takes none; those that are here stay and are watched.`
          : t`It takes no new CloudPods. Those that are here stay and are watched.`,
        toggle: t`Pause`,
      }}
      toggle={() => updateCluster(cluster, { state: active ? 'paused' : 'active' })}
      onToggled={({ state }) =>
        toast.done(state === 'active' ? t`It takes new CloudPods` : t`It takes no new CloudPods`)
      }
      removal={{
        title: t`Remove the cluster`,
        name: cluster.name,
        effect: t`It is taken out of mPanel and its token forgotten. Nothing on it is touched.`,
        disabledReason: cluster.simulated ? t`It is there as long as no other one is configured.` : undefined,
        send: (key) => removeCluster(cluster.id, cluster.name, key),
        onDone: () => {
          toast.done(t`Cluster removed`)
          void navigate(paths.clusters(tenant.slug))
        },
      }}
    />
  )
}
