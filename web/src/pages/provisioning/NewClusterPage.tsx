import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { checkConnection, createCluster, type ClusterAdded } from '../../api/provisioning.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { toast } from '../../ui/Toast.tsx'
import { ClusterFields } from './ClusterFields.tsx'
import { connectionOf } from './clusterValues.ts'
import { ClusterConnection } from '../../components/ConnectionCheck.tsx'
import type { ClusterValues } from './TrustFields.tsx'

export default function NewClusterPage() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const of = useApiForm<ClusterValues, ClusterAdded>({
    defaultValues: {
      name: '',
      apiUrl: '',
      tokenId: '',
      tokenSecret: '',
      trust: 'ca',
      caPem: '',
      fingerprint: '',
      region: '',
      vmidMin: 100_000,
      vmidMax: 999_999,
    },
    send: (values, key) => {
      const { name, region, vmidMin, vmidMax } = values
      return createCluster(
        { name, region: region.trim() || null, vmidMin, vmidMax, ...connectionOf(values) },
        key,
      )
    },
    onDone: ({ cluster, job }) => {
      toast.done(t`Cluster ${cluster.name} added`, t`Its nodes, storages and templates are being read.`)
      void navigate(paths.job(tenant.slug, job.id))
    },
  })
  const { form } = of
  return (
    <Page
      title="Add a cluster"
      crumbs={[{ label: t`Clusters & nodes`, link: paths.clusters(tenant.slug) }]}
      permission="infrastructure:manage"
    >
      <div className="max-w-3xl">
        <Form
          of={of}
          submitLabel="Add the cluster"
          onCancel={() => void navigate(paths.clusters(tenant.slug))}
        >
          <ClusterFields of={of} secretHint="Stored encrypted and never shown again." secretRequired />
          <ClusterConnection
            ready={() => form.trigger(['apiUrl', 'tokenId', 'tokenSecret'])}
            send={(key) => checkConnection(connectionOf(form.getValues()), key)}
            onFingerprint={(fingerprint) => {
              form.setValue('trust', 'fingerprint')
              form.setValue('fingerprint', fingerprint)
            }}
          />
        </Form>
      </div>
    </Page>
  )
}
