import { KeyRound } from 'lucide-react'
import { passkeyFault } from '../api/passkeys.ts'
import { useSubmit } from '../api/submit.ts'
import { Button } from '../ui/Button.tsx'
import { Notice } from '../ui/Notice.tsx'

/** Proves with a passkey who it is. */
export function PasskeyButton<Answer>({
  label,
  send,
  onDone,
}: {
  label: string
  send: (_: void, key: string) => Promise<Answer>
  onDone: (answer: Answer) => void
}) {
  const prove = useSubmit<void, Answer>({ send, onDone, sessionOnly: true })
  return (
    <div className="space-y-3">
      {prove.error && <Notice tone="danger">{prove.error.message}</Notice>}
      <Button
        className="w-full"
        icon={<KeyRound aria-hidden className="size-4" />}
        loading={prove.isPending}
        disabledReason={passkeyFault()}
        onClick={() => prove.mutate()}
      >
        {label}
      </Button>
    </div>
  )
}
