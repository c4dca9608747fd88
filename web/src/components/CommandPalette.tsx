import { Dialog } from '@base-ui/react/dialog'
import { lazy, Suspense, useEffect } from 'react'
import { Skeleton } from '../ui/Spinner.tsx'

const loadCommands = () => import('./Commands.tsx')
const Commands = lazy(loadCommands)
const IDLE_MS = 2000

/** Ctrl+K or Cmd+K: places, actions, and the search over everything the user may read. */
export function CommandPalette({
  open,
  onOpenChange,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      onOpenChange(true)
    }
    addEventListener('keydown', press)
    // Once the page is at rest, so that the first opening does not wait for it.
    const idle = setTimeout(() => void loadCommands(), IDLE_MS)
    return () => {
      clearTimeout(idle)
      removeEventListener('keydown', press)
    }
  }, [onOpenChange])

  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/50" />
        <Dialog.Viewport className="fixed inset-0 z-40 flex items-start justify-center px-3 pt-[12vh]">
          <Dialog.Popup
            aria-label="Search and commands"
            className="w-full max-w-xl overflow-hidden rounded-lg border border-line-strong bg-surface shadow-pop"
          >
            <Suspense fallback={<Skeleton lines={3} />}>
              <Commands onDone={() => onOpenChange(false)} />
            </Suspense>
          </Dialog.Popup>
        </Dialog.Viewport>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
