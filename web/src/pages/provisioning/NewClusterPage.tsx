import { useNavigate } from '@tanstack/react-router'
import { createCluster, type ClusterAdded } from '../../api/provisioning.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { TrustFields, type ClusterValues } from './TrustFields.tsx'

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
      vmidMin: 100_000,
      vmidMax: 999_999,
    },
    send: ({ trust, caPem, fingerprint, ...values }, key) =>
      createCluster(
        {
          ...values,
          apiUrl: values.apiUrl.trim(),
          tokenId: values.tokenId.trim(),
          caPem: trust === 'ca' ? caPem.trim() : null,
          fingerprint: trust === 'fingerprint' ? fingerprint.trim().toUpperCase() : null,
        },
        key,
      ),
    onDone: ({ cluster, job }) => {
      toast.done(`Cluster ${cluster.name} added`, 'Its nodes, storages and templates are being read.')
      void navigate(paths.job(tenant.slug, job.id))
    },
  })
  const { form, errorOf } = of
  return (
    <Page
      title="Add a cluster"
      crumbs={[{ label: 'Clusters & nodes', link: paths.clusters(tenant.slug) }]}
      permission="infrastructure:manage"
    >
      <div className="max-w-3xl">
        <Form
          of={of}
          submitLabel="Add the cluster"
          onCancel={() => void navigate(paths.clusters(tenant.slug))}
        >
          <Card title="Proxmox VE">
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label="Name" error={errorOf('name')}>
                <Input maxLength={100} {...form.register('name', { required: REQUIRED })} />
              </Field>
              <Field label="Address" hint="Such as https://pve1.example.com:8006." error={errorOf('apiUrl')}>
                <Input
                  type="url"
                  spellCheck={false}
                  maxLength={300}
                  {...form.register('apiUrl', {
                    required: REQUIRED,
                    pattern: { value: /^\s*https:\/\/.+/, message: 'It begins with https://.' },
                  })}
                />
              </Field>
              <Field label="Token id" hint="Such as mpanel@pve!panel." error={errorOf('tokenId')}>
                <Input
                  autoComplete="off"
                  spellCheck={false}
                  {...form.register('tokenId', { required: REQUIRED })}
                />
              </Field>
              <Field
                label="Token secret"
                hint="Stored encrypted and never shown again."
                error={errorOf('tokenSecret')}
              >
                <Input
                  type="password"
                  autoComplete="new-password"
                  maxLength={200}
                  {...form.register('tokenSecret', { required: REQUIRED })}
                />
              </Field>
            </div>
          </Card>
          <TrustFields of={of} />
          <Card title="VMIDs">
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label="First" error={errorOf('vmidMin')}>
                <Input type="number" min={100} {...form.register('vmidMin', wholeNumber(100, 999_999_999))} />
              </Field>
              <Field label="Last" error={errorOf('vmidMax')}>
                <Input type="number" min={100} {...form.register('vmidMax', wholeNumber(100, 999_999_999))} />
              </Field>
            </div>
            <p className="mt-3 text-[13px] text-muted">
              mPanel numbers its CloudPods only within this range. Keep other machines out of it.
            </p>
          </Card>
        </Form>
      </div>
    </Page>
  )
}
