import { Link, type ErrorComponentProps } from '@tanstack/react-router'
import { ApiError } from '../api/ApiError.ts'
import { buttonClass, Button } from '../ui/Button.tsx'
import { Skeleton } from '../ui/Spinner.tsx'
import { ErrorNotice } from './ErrorNotice.tsx'

export function NotFound() {
  return (
    <main className="mx-auto max-w-lg space-y-4 px-4 py-24">
      <h1 className="text-xl font-semibold">There is no such page</h1>
      <p className="text-muted">The address may be mistyped, or the thing it named is not yours to see.</p>
      <Link to="/" className={buttonClass('primary')}>
        To the start
      </Link>
    </main>
  )
}

/** The last resort: a page that could not be loaded or drawn. */
export function RootError({ error }: ErrorComponentProps) {
  return (
    <main className="mx-auto max-w-lg space-y-4 px-4 py-24">
      <h1 className="text-xl font-semibold">This page could not be shown</h1>
      {error instanceof ApiError ? (
        <ErrorNotice error={error} />
      ) : (
        <p className="text-muted">
          Reloading helps when a new version was installed meanwhile. ({String(error)})
        </p>
      )}
      <Button variant="primary" onClick={() => location.reload()}>
        Reload
      </Button>
    </main>
  )
}

export function Starting() {
  return (
    <div className="mx-auto max-w-3xl py-16">
      <Skeleton />
    </div>
  )
}
