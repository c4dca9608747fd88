import type { ReactNode } from 'react'
import { t } from '../../../../../shared/text.ts'
import type { ApiError } from '../../../api/ApiError.ts'
import type { ZoneEdited } from '../../../api/dnsZones.ts'
import { ErrorNotice } from '../../../components/ErrorNotice.tsx'
import { count } from '../../../lib/words.ts'
import { Button } from '../../../ui/Button.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { Changes } from './Changes.tsx'

/** What would come of something, before it is done. */
export function Preview({
  found,
  error,
  loading,
  onBack,
  onSave,
  children,
}: {
  found: ZoneEdited
  error: ApiError | null
  loading: boolean
  onBack: () => void
  onSave: () => void
  children?: ReactNode
}) {
  const { changes, warnings } = found
  return (
    <>
      {error && <ErrorNotice error={error} />}
      {children}
      {warnings.length > 0 && (
        <Notice tone="warning" title="Is this what you mean?">
          <ul className="list-disc space-y-1 pl-4">
            {warnings.slice(0, 10).map(({ name, type, message }) => (
              <li key={`${name} ${type} ${message}`}>{message}</li>
            ))}
          </ul>
        </Notice>
      )}
      {changes.length === 0 && <Notice tone="info">The zone has all of it already.</Notice>}
      <Changes changes={changes} />
      <div className="flex justify-end gap-2">
        <Button onClick={onBack}>Back</Button>
        <Button
          variant="primary"
          loading={loading}
          disabledReason={changes.length === 0 ? t`There is nothing to change.` : undefined}
          onClick={onSave}
        >
          Change {count(changes.length, t`set`, t`sets`)}
        </Button>
      </div>
    </>
  )
}
