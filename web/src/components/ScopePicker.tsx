import type { UseFormRegisterReturn } from 'react-hook-form'
import type { Permission } from '../../../shared/permissions.ts'
import { humanize } from '../lib/words.ts'
import { Button } from '../ui/Button.tsx'
import { Checkbox } from '../ui/Field.tsx'

const resourceOf = (permission: Permission): string => permission.split(':')[0] ?? permission
const isReading = (permission: Permission): boolean => permission.endsWith(':read')

/** What a key may do, by the kind of thing it does it to. */
export function ScopePicker({
  permissions,
  register,
  onChoose,
  error,
}: {
  permissions: readonly Permission[]
  register: UseFormRegisterReturn
  onChoose: (chosen: Permission[]) => void
  error?: string | undefined
}) {
  const resources = [...new Set(permissions.map(resourceOf))]
  return (
    <fieldset className="space-y-3 rounded-md border border-line p-3" aria-describedby="scopes-error">
      <legend className="px-1 font-medium">What the key may do</legend>
      <div className="flex flex-wrap gap-2">
        <Button size="sm" onClick={() => onChoose(permissions.filter(isReading))}>
          All reading
        </Button>
        <Button size="sm" onClick={() => onChoose([])}>
          Nothing
        </Button>
      </div>
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
        {resources.map((resource) => (
          <fieldset key={resource} className="space-y-1">
            <legend className="text-[13px] font-medium text-muted">{humanize(resource)}</legend>
            {permissions
              .filter((permission) => resourceOf(permission) === resource)
              .map((permission) => (
                <Checkbox
                  key={permission}
                  label={humanize(permission.split(':')[1] ?? permission)}
                  value={permission}
                  {...register}
                />
              ))}
          </fieldset>
        ))}
      </div>
      <p id="scopes-error" className="text-[13px] font-medium text-danger-text empty:hidden">
        {error}
      </p>
    </fieldset>
  )
}
