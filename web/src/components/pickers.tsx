import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { cloudPodsQuery, type CloudPod } from '../api/cloudPods.ts'
import { customersQuery, type Customer } from '../api/customers.ts'
import { SearchSelect } from '../ui/SearchSelect.tsx'
import { useDebounced } from './hooks.ts'
import { useSession } from './session.ts'
import { useTenants } from './useTenants.ts'

const choice = (customer: Customer) => ({
  id: customer.id,
  label: customer.name,
  detail: [customer.company, customer.email].filter(Boolean).join(' · '),
  customer,
})

/** A customer by name, company or e-mail. Belongs into a Field. */
export function CustomerPicker({
  value,
  onChange,
  tenantId,
  except,
}: {
  value: Customer | null
  onChange: (customer: Customer) => void
  /** Absent: the tenant of the address. */
  tenantId?: string | undefined
  /** The id of one who cannot be chosen. */
  except?: string
}) {
  const { tenant } = useSession()
  const [typed, setTyped] = useState('')
  const q = useDebounced(typed.trim())
  const { data, isFetching } = useQuery(
    customersQuery({ q: q || undefined, tenantId: tenantId ?? tenant.id, limit: 20 }),
  )
  return (
    <SearchSelect
      label="Customer"
      placeholder="Choose a customer"
      items={(data?.items ?? []).filter(({ id, state }) => state === 'active' && id !== except).map(choice)}
      value={value && choice(value)}
      onChange={({ customer }) => onChange(customer)}
      onSearch={setTyped}
      searching={isFetching}
    />
  )
}

type ChosenTenant = { id: string; name: string }

/** The tenant something new belongs to. Belongs into a Field. */
export function TenantPicker({
  value,
  onChange,
}: {
  value: ChosenTenant | null
  onChange: (tenant: ChosenTenant) => void
}) {
  const [typed, setTyped] = useState('')
  const { found, searching } = useTenants(typed)
  return (
    <SearchSelect
      label="Tenant"
      placeholder="Choose a tenant"
      items={found.map(({ id, slug, name }) => ({ id, label: name, detail: slug }))}
      value={value && { id: value.id, label: value.name, detail: '' }}
      onChange={({ id, label }) => onChange({ id, name: label })}
      onSearch={setTyped}
      searching={searching}
    />
  )
}

export type ChosenPod = { id: string; label: string; detail: string }

const podChoice = ({ id, hostname, addresses }: CloudPod): ChosenPod => ({
  id,
  label: hostname,
  detail: addresses.join(', '),
})

/** A pod of one tenant by its name. Belongs into a Field. */
export function PodPicker({
  value,
  onChange,
  tenantId,
}: {
  value: ChosenPod | null
  onChange: (pod: ChosenPod) => void
  tenantId: string
}) {
  const [typed, setTyped] = useState('')
  const q = useDebounced(typed.trim())
  const { data, isFetching } = useQuery(cloudPodsQuery({ q: q || undefined, tenantId, limit: 20 }))
  return (
    <SearchSelect
      label="CloudPod"
      placeholder="Choose a CloudPod"
      items={(data?.items ?? []).map(podChoice)}
      value={value}
      onChange={onChange}
      onSearch={setTyped}
      searching={isFetching}
    />
  )
}
