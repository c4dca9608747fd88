import { Button } from '../ui/Button.tsx'
import { ErrorNotice } from './ErrorNotice.tsx'
import { useLogOut } from './useLogOut.ts'

/** For somebody who is logged in and holds nothing: no page would show anything. */
export function NoRole({ email }: { email: string }) {
  const leave = useLogOut()
  return (
    <main className="mx-auto max-w-lg space-y-4 px-4 py-24">
      <h1 className="text-xl font-semibold">You have no role yet</h1>
      <p className="text-muted">
        You are logged in as {email}, but nobody has given you a role, or it was taken. Ask an administrator,
        then reload this page.
      </p>
      {leave.error && <ErrorNotice error={leave.error} />}
      <div className="flex flex-wrap gap-2">
        <Button variant="primary" onClick={() => location.reload()}>
          Reload
        </Button>
        <Button loading={leave.isPending} onClick={() => leave.mutate()}>
          Log out
        </Button>
      </div>
    </main>
  )
}
