import type { UseFormRegisterReturn } from 'react-hook-form'
import type { Permission } from '../../../shared/permissions.ts'
import { actionOf, byResource } from '../lib/permissionGroups.ts'
import { humanize } from '../lib/words.ts'
import { Button } from '../ui/Button.tsx'
import { Checkbox } from '../ui/Field.tsx'

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
      <div className="grid gap-3 sm:grid-cols-2">
        {byResource(permissions).map(({ resource, label, permissions: members }) => (
          <div key={resource} role="group" aria-label={label} className="space-y-1">
            <p className="text-[13px] font-medium text-muted">{label}</p>
            {members.map((permission) => (
              <Checkbox
                key={permission}
                label={humanize(actionOf(permission))}
                value={permission}
                {...register}
              />
            ))}
          </div>
        ))}
      </div>
      <p id="scopes-error" className="text-[13px] font-medium text-danger-text empty:hidden">
        {error}
      </p>
    </fieldset>
  )
}
