import { CircleHelp, Lock } from 'lucide-react'
import type { ReactNode } from 'react'
import { t } from '../../../shared/text.ts'
import { ApiError, unreachable } from '../api/ApiError.ts'
import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Skeleton } from '../ui/Spinner.tsx'
import { ErrorNotice } from './ErrorNotice.tsx'

const apiError = (error: unknown): ApiError => (error instanceof ApiError ? error : unreachable())

/** What a query brought, or its loading, failed, missing or forbidden state. `what` completes "No such …". */
export function Loaded<Data>({
  query,
  what,
  children,
}: {
  query: { data: Data | undefined; error: Error | null; isFetching: boolean; refetch: () => Promise<unknown> }
  what: string
  children: (data: Data) => ReactNode
}) {
  const { data, error, refetch, isFetching } = query
  if (error !== null && (data === undefined || apiError(error).status === 404)) {
    return <Failed error={apiError(error)} what={what} retrying={isFetching} onRetry={() => void refetch()} />
  }
  if (data === undefined) return <Skeleton label={t`Loading ${what}`} />
  return (
    <>
      {error !== null && (
        <div className="p-3">
          <ErrorNotice error={apiError(error)} title="This may be out of date: it could not be read again." />
        </div>
      )}
      {children(data)}
    </>
  )
}

function Failed({
  error,
  what,
  retrying,
  onRetry,
}: {
  error: ApiError
  what: string
  retrying: boolean
  onRetry: () => void
}) {
  if (error.status === 404)
    return (
      <EmptyState icon={CircleHelp} title={t`No such ${what}`}>
        It may have been removed, or it belongs to a tenant that is not yours.
      </EmptyState>
    )
  if (error.status === 403)
    return (
      <EmptyState icon={Lock} title="Not yours to see">
        {error.message}
      </EmptyState>
    )
  return (
    <div className="p-4">
      <ErrorNotice
        error={error}
        title={t`The ${what} could not be read`}
        action={
          <Button size="sm" loading={retrying} onClick={onRetry}>
            Try again
          </Button>
        }
      />
    </div>
  )
}
