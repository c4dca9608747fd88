import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { checkRegistrarConnection, createRegistrar, type Registrar } from '../../api/registrars.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { toast } from '../../ui/Toast.tsx'
import { ConnectionCheck } from '../../components/ConnectionCheck.tsx'
import { RegistrarFields, RegistrarFound, registrarOf, type RegistrarValues } from './RegistrarFields.tsx'

export default function NewRegistrarPage() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const of = useApiForm<RegistrarValues, Registrar>({
    defaultValues: {
      driver: 'epp',
      name: '',
      currency: 'EUR',
      host: '',
      port: '700',
      clientId: '',
      password: '',
      contacts: true,
      caPem: '',
      certPem: '',
      keyPem: '',
      key: '',
    },
    send: (values, key) => createRegistrar(registrarOf(values), key),
    onDone: ({ id, name }) => {
      toast.done(t`${name} added`, t`Set its prices next: what has none is not sold.`)
      void navigate(paths.registrar(tenant.slug, id))
    },
  })
  const { form } = of
  return (
    <Page
      title="Add a registrar"
      crumbs={[{ label: t`Registrars`, link: paths.registrars(tenant.slug) }]}
      permission="infrastructure:manage"
    >
      <div className="max-w-3xl">
        <Form of={of} submitLabel="Add" onCancel={() => void navigate(paths.registrars(tenant.slug))}>
          <RegistrarFields of={of} isNew />
          <ConnectionCheck
            ready={() => form.trigger()}
            send={(key) => checkRegistrarConnection(registrarOf(form.getValues()), key)}
            hint="Shows whether the account can be used, and what is left in it."
          >
            {(found) => <RegistrarFound found={found} />}
          </ConnectionCheck>
        </Form>
      </div>
    </Page>
  )
}
