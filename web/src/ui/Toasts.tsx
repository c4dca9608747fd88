import { Toast as Base } from '@base-ui/react/toast'
import { CircleCheck, CircleX, X } from 'lucide-react'
import { useEffect } from 'react'

export const manager = Base.createToastManager()

let isShown: () => void
/** A notice that is given before is given to nobody. */
export const shown = new Promise<void>((resolve) => (isShown = resolve))

/** Where notices are shown. */
export default function Toasts() {
  useEffect(() => isShown(), [])
  return (
    <Base.Provider toastManager={manager} limit={4}>
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-4 z-50 flex w-[calc(100vw-2rem)] flex-col gap-2 sm:w-96">
          <All />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  )
}

function All() {
  const { toasts } = Base.useToastManager()
  return toasts.map((item) => (
    <Base.Root
      key={item.id}
      toast={item}
      className="rounded-lg border border-line-strong bg-surface shadow-pop data-limited:hidden"
    >
      <Base.Content className="flex items-start gap-3 p-3">
        {item.type === 'failed' ? (
          <CircleX aria-hidden className="mt-0.5 size-4 shrink-0 text-danger-text" />
        ) : (
          <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-success-text" />
        )}
        <div className="min-w-0 flex-1 break-words">
          <Base.Title className="font-semibold" />
          <Base.Description className="text-muted" />
        </div>
        <Base.Close aria-label="Dismiss" className="rounded p-0.5 text-muted hover:bg-raised">
          <X aria-hidden className="size-4" />
        </Base.Close>
      </Base.Content>
    </Base.Root>
  ))
}
