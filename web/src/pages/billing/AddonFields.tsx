import { useQuery } from '@tanstack/react-query'
import type { UseFormRegisterReturn } from 'react-hook-form'
import { t } from '../../../../shared/text.ts'
import { addonsQuery, type Addon } from '../../api/addons.ts'
import { addonSize } from '../../lib/words.ts'
import { Field, Input } from '../../ui/Field.tsx'

/** How many of each add-on, by its id, as typed. */
export type Quantities = Record<string, string | undefined>

/** What is wished of add-ons, in one order; null: something is no number. */
export function wishedOf(quantities: Quantities): { addonId: string; quantity: number }[] | null {
  const typed = Object.entries(quantities)
    .map(([addonId, quantity]) => ({ addonId, quantity: (quantity ?? '').trim() }))
    .filter(({ quantity }) => !/^0*$/.test(quantity))
  if (typed.some(({ quantity }) => !/^[0-9]{1,4}$/.test(quantity))) return null
  return typed
    .map(({ addonId, quantity }) => ({ addonId, quantity: Number(quantity) }))
    .toSorted((one, other) => (one.addonId < other.addonId ? -1 : 1))
}

/** The add-ons that are sold beside a plan, and those that one has. */
export function useAddons(
  tenantId: string | undefined,
  planId: string,
  held: readonly string[] = [],
): Addon[] {
  const { data } = useQuery({
    ...addonsQuery({ tenantId, limit: 200 }),
    enabled: tenantId !== undefined,
  })
  return (data?.items ?? []).filter(
    ({ id, state, planIds }) =>
      held.includes(id) || (state === 'active' && (planIds.length === 0 || planIds.includes(planId))),
  )
}

/** How many of each. */
export function AddonFields({
  addons,
  register,
}: {
  addons: readonly Addon[]
  register: (name: `quantities.${string}`) => UseFormRegisterReturn
}) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {addons.map((addon) => (
        <Field key={addon.id} label={addon.name} hint={t`${addonSize(addon)}; at most ${addon.maxQuantity}.`}>
          <Input
            type="number"
            min={0}
            max={addon.maxQuantity}
            placeholder="0"
            {...register(`quantities.${addon.id}`)}
          />
        </Field>
      ))}
    </div>
  )
}
