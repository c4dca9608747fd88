import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { useSubmit } from '../api/submit.ts'
import { Button } from '../ui/Button.tsx'
import { Card } from '../ui/Card.tsx'
import { toast } from '../ui/Toast.tsx'
import { ConfirmDestroy } from './ConfirmDestroy.tsx'

/** Whether something is in use, and taking it out. */
export function UseAndRemove<Changed, Removed>({
  active,
  words,
  toggle,
  onToggled,
  removal,
}: {
  active: boolean
  words: { title: string; explained: string; toggle: string }
  toggle: () => Promise<Changed>
  onToggled: (changed: Changed) => void
  removal: {
    title: string
    name: string
    effect: string
    disabledReason?: string | undefined
    send: (key: string) => Promise<Removed>
    onDone: () => void
  }
}) {
  const [removing, setRemoving] = useState(false)
  const change = useSubmit({ send: toggle, onDone: onToggled })
  const { disabledReason, ...destroying } = removal
  return (
    <Card title={active ? t`In use` : words.title}>
      <p className="mb-3 text-muted">{words.explained}</p>
      <div className="flex flex-wrap gap-2">
        <Button
          loading={change.isPending}
          onClick={() =>
            change.mutate(undefined, { onError: (error) => toast.failed(t`Not changed`, error.message) })
          }
        >
          {active ? words.toggle : t`Use it again`}
        </Button>
        <Button variant="danger" disabledReason={disabledReason} onClick={() => setRemoving(true)}>
          Remove
        </Button>
      </div>
      <ConfirmDestroy
        open={removing}
        onClose={() => setRemoving(false)}
        submitLabel="Remove"
        {...destroying}
      />
    </Card>
  )
}
