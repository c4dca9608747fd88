import { useState } from 'react'
import { PEOPLE_ONLY, PERMISSIONS, type Permission } from '../../../shared/permissions.ts'
import { t } from '../../../shared/text.ts'
import { createOwnKey, createServiceKey, type MadeApiKey, type ServiceAccount } from '../api/apiKeys.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Field, Input, Select, Textarea } from '../ui/Field.tsx'
import { Form, REQUIRED, useApiForm, wholeNumber } from './Form.tsx'
import { KeyResources, type NamedResource } from './KeyResources.tsx'
import { MadeKey } from './MadeKey.tsx'
import { ScopePicker } from './ScopePicker.tsx'
import { permits, useSession } from './session.ts'

type Values = { name: string; tenantId: string; scopes: Permission[]; days: number; networks: string }

/** Makes a key, of one's own or of a service account, and shows it once. */
export function NewKeyDialog({ account, onClose }: { account: ServiceAccount | null; onClose: () => void }) {
  const [made, setMade] = useState<MadeApiKey | null>(null)
  return (
    <Dialog
      open
      wide
      // The key is shown once: an accidental click beside the dialog must not lose it.
      onClose={made ? () => undefined : onClose}
      title={account ? t`New key of ${account.name}` : t`New API key`}
    >
      {made ? (
        <MadeKey made={made} onDone={onClose} />
      ) : (
        <KeyForm account={account} onMade={setMade} onCancel={onClose} />
      )}
    </Dialog>
  )
}

function KeyForm({
  account,
  onMade,
  onCancel,
}: {
  account: ServiceAccount | null
  onMade: (made: MadeApiKey) => void
  onCancel: () => void
}) {
  const { me, tenant } = useSession()
  const [resources, setResources] = useState<NamedResource[]>([])
  const of = useApiForm<Values, MadeApiKey>({
    defaultValues: { name: '', tenantId: tenant.id ?? '', scopes: [], days: 90, networks: '' },
    send: ({ name, tenantId: place, scopes, days, networks }, key) => {
      const limits = {
        name,
        scopes,
        days,
        allowedNetworks: networks.split(/[\s,]+/).filter(Boolean),
        resources: resources.map(({ type, id }) => ({ type, id })),
      }
      return account
        ? createServiceKey(account.id, limits, key)
        : createOwnKey({ ...limits, tenantId: place === '' ? null : place }, key)
    },
    onDone: onMade,
    fieldOf: (path) => (path.startsWith('allowedNetworks') ? 'networks' : path),
  })
  const { register, watch, setValue } = of.form
  const place = account ? (account.tenantId ?? '') : watch('tenantId')
  const places = place === '' ? [null, ...(account ? [] : me.tenants.map(({ id }) => id))] : [place]
  const givable = PERMISSIONS.filter(
    (one) => !PEOPLE_ONLY.includes(one) && places.some((where) => permits(me, one, where)),
  )
  return (
    <Form of={of} submitLabel="Make the key" onCancel={onCancel}>
      <Field label="Name" hint="Where it will be used." error={of.errorOf('name')}>
        <Input maxLength={100} {...register('name', { required: REQUIRED })} />
      </Field>
      {!account && (
        <Field label="Works in" error={of.errorOf('tenantId')}>
          <Select {...register('tenantId', { onChange: () => setValue('scopes', []) })}>
            <option value="">Everywhere I may</option>
            {[...me.tenants, ...(tenant.id ? [{ id: tenant.id, name: tenant.name }] : [])]
              .filter(({ id }, index, all) => all.findIndex((one) => one.id === id) === index)
              .map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
          </Select>
        </Field>
      )}
      <ScopePicker
        permissions={givable}
        register={register('scopes', {
          validate: (chosen) => chosen.length > 0 || t`Choose at least one.`,
        })}
        onChoose={(chosen) => setValue('scopes', chosen, { shouldValidate: of.form.formState.isSubmitted })}
        error={of.errorOf('scopes')}
      />
      <KeyResources
        tenantId={place === '' ? undefined : place}
        value={resources}
        onChange={setResources}
        error={resources.map((_, index) => of.errorOf(`resources.${index}.id`)).find(Boolean)}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Days until it ends" hint="A year at most." error={of.errorOf('days')}>
          <Input type="number" min={1} max={365} {...register('days', wholeNumber(1, 365))} />
        </Field>
        <Field
          label="Only from these networks"
          optional
          hint="One a line, such as 192.0.2.0/24."
          error={of.errorOf('networks') ?? of.errorOf('networks.0')}
        >
          <Textarea rows={2} {...register('networks')} />
        </Field>
      </div>
    </Form>
  )
}
