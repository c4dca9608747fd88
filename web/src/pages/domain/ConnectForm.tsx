import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { connectDomain, type DomainConnection } from '../../api/domainConnections.ts'
import type { Domain } from '../../api/domains.ts'
import type { Permission } from '../../../../shared/permissions.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Form, REQUIRED, useApiForm, type ApiForm } from '../../components/Form.tsx'
import { INSTALL_DEFAULTS, InstallFields } from '../../components/InstallFields.tsx'
import { PodPicker, type ChosenPod } from '../../components/pickers.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { tagsOf } from '../../lib/words.ts'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

/** `keep`: as it is now. */
const WAYS = ['keep', 'none', 'guest', 'agent'] as const
type Values = {
  hosts: string
  certificate: boolean
  way: string
  chainPath: string
  keyPath: string
  reload: string
  replace: boolean
}

function deliveryOf({ certificate, way, chainPath, keyPath, reload }: Values) {
  if (!certificate) return null
  if (way === 'agent') return { kind: 'agent' as const }
  return way === 'guest' ? { kind: 'guest' as const, chainPath, keyPath, reload } : null
}

export function ConnectForm({
  domain,
  connection,
  onClose,
}: {
  domain: Domain
  connection: DomainConnection | null
  onClose: () => void
}) {
  const [pod, setPod] = useState<ChosenPod | null>(
    connection && { id: connection.pod.id, label: connection.pod.hostname, detail: '' },
  )
  const of = useApiForm<Values, unknown>({
    defaultValues: {
      hosts: connection?.hosts.map((host) => `${host}.`).join(' ') ?? '@ www',
      certificate: connection === null || connection.certificate !== null,
      way: connection?.delivery ? 'keep' : '',
      ...INSTALL_DEFAULTS,
      replace: false,
    },
    send: (values, key) => {
      const { hosts, certificate, replace } = values
      const delivery = deliveryOf(values)
      const body = { podId: pod?.id ?? '', hosts: tagsOf(hosts), certificate, delivery, replace }
      return connectDomain(domain.id, body, key)
    },
    fieldOf: (path) => (path.startsWith('hosts') ? 'hosts' : path.replace(/^delivery\./, '')),
    onDone: () => {
      toast.done(t`The domain is connected`)
      onClose()
    },
  })
  const { can } = useSession()
  const certificate = of.form.watch('certificate')
  const way = oneOf(WAYS, of.form.watch('way'))
  const permission = certificate ? missingFor(way, (one) => can(one, domain.tenantId)) : undefined
  return (
    <Form
      of={of}
      submitLabel="Connect"
      submitReason={
        pod === null
          ? t`Choose a CloudPod first.`
          : certificate && way === undefined
            ? t`Say how the certificate comes into the CloudPod.`
            : permission && NO_PERMISSION(permission)
      }
      onCancel={onClose}
    >
      <Field label="CloudPod" error={of.errorOf('podId')}>
        <PodPicker value={pod} onChange={setPod} tenantId={domain.tenantId} />
      </Field>
      <Field
        label="Names"
        hint={t`Separated by spaces. @ is ${domain.unicodeName} itself, www is www.${domain.unicodeName}, * is every other name below it.`}
        error={of.errorOf('hosts')}
      >
        <Input
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          {...of.form.register('hosts', { required: REQUIRED })}
        />
      </Field>
      <Checkbox label="Have a certificate made for these names" {...of.form.register('certificate')} />
      {certificate && (
        <Delivery of={of} way={way} kept={pod?.id === connection?.pod.id ? connection?.delivery : null} />
      )}
      <Checkbox label="Replace records that these names have now" {...of.form.register('replace')} />
    </Form>
  )
}

/** Which permission the chosen way needs that is not there. */
function missingFor(way: Way | undefined, can: (permission: Permission) => boolean): Permission | undefined {
  const needed: Permission[] =
    way === 'guest' ? ['ssl:manage', 'cloudpods:console'] : way === 'agent' ? ['ssl:manage'] : []
  return needed.find((one) => !can(one))
}

type Way = (typeof WAYS)[number]
const EXPLAINED: Record<Way, string> = {
  keep: t`As it is now.`,
  none: t`The names get a certificate, and somebody installs it: until then browsers warn.`,
  guest: t`Each version is written into the virtual machine through its guest agent, and the command is run there as root. Containers have none.`,
  agent: t`A program on the CloudPod fetches it with an API key that has the scope ssl:install and is limited to this CloudPod.`,
}

/** How the certificate comes into the pod: nothing is chosen for anybody. */
function Delivery({
  of,
  way,
  kept,
}: {
  of: ApiForm<Values, unknown>
  way: Way | undefined
  /** How it comes there now. */
  kept: DomainConnection['delivery'] | undefined
}) {
  const { form, errorOf } = of
  return (
    <div className="space-y-4">
      <Field
        label="How the certificate comes into the CloudPod"
        hint={way && EXPLAINED[way]}
        error={errorOf('delivery') ?? errorOf('podId')}
      >
        <Select {...form.register('way')}>
          <option value="" disabled>
            Choose
          </option>
          {kept && <option value="keep">As it is now</option>}
          <option value="guest">Installed by mPanel (virtual machines)</option>
          <option value="agent">Fetched by a program on it</option>
          <option value="none">By hand</option>
        </Select>
      </Field>
      {way === 'guest' && <InstallFields of={of} />}
    </div>
  )
}
