import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import type { KeyResource } from '../api/apiKeys.ts'
import { cloudPodsQuery } from '../api/cloudPods.ts'
import { customersQuery } from '../api/customers.ts'
import { Button } from '../ui/Button.tsx'
import { Field } from '../ui/Field.tsx'
import { SearchSelect } from '../ui/SearchSelect.tsx'
import { useDebounced } from './hooks.ts'
import { permits, useSession } from './session.ts'

export type NamedResource = KeyResource & { label: string }

/** The only things that a key may be used for, if there is such a limit. */
export function KeyResources({
  tenantId,
  value,
  onChange,
  error,
}: {
  tenantId: string | undefined
  value: NamedResource[]
  onChange: (value: NamedResource[]) => void
  error?: string | undefined
}) {
  const { me } = useSession()
  const [typed, setTyped] = useState('')
  const filter = { q: useDebounced(typed.trim()) || undefined, tenantId, limit: 10 }
  const can = (permission: 'cloudpods:read' | 'customers:read') =>
    permits(me, permission, tenantId) || (tenantId === undefined && me.tenants.length > 0)
  const pods = useQuery({ ...cloudPodsQuery(filter), enabled: can('cloudpods:read') })
  const customers = useQuery({ ...customersQuery(filter), enabled: can('customers:read') })
  const found = [
    ...(pods.data?.items ?? []).map(({ id, hostname }) => ({
      id,
      label: hostname,
      detail: t`CloudPod`,
      type: 'cloudPod' as const,
    })),
    ...(customers.data?.items ?? []).map(({ id, name }) => ({
      id,
      label: name,
      detail: t`Customer`,
      type: 'customer' as const,
    })),
  ].filter(({ id }) => value.every((one) => one.id !== id))
  return (
    <Field
      label="Only for these things"
      optional
      hint="The key then reaches them and what belongs to them, such as a pod’s jobs. It cannot list anything."
      error={error}
    >
      <SearchSelect
        label="Only for these things"
        placeholder="Add a CloudPod or a customer"
        items={found}
        value={null}
        onChange={({ id, type, label }) => onChange([...value, { id, type, label }])}
        onSearch={setTyped}
        searching={pods.isFetching || customers.isFetching}
      />
      {value.length > 0 && (
        <ul aria-label="Things the key is limited to" className="mt-2 flex flex-wrap gap-2">
          {value.map((one) => (
            <li key={one.id} className="flex items-center gap-1 rounded-md border border-line pl-2">
              <span className="break-all">{one.label}</span>
              <Button
                size="sm"
                variant="ghost"
                aria-label={t`Remove ${one.label}`}
                onClick={() => onChange(value.filter(({ id }) => id !== one.id))}
              >
                <X aria-hidden className="size-4" />
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Field>
  )
}
