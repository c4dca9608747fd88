import { Toast as Base } from '@base-ui/react/toast'
import { CircleCheck, CircleX, X } from 'lucide-react'
import type { ReactNode } from 'react'

const manager = Base.createToastManager()

/** Says that something worked, or did not, where no form or page can show it. Announced by screen readers. */
export const toast = {
  done: (title: string, description?: string) => manager.add({ title, description, type: 'done' }),
  failed: (title: string, description?: string) =>
    manager.add({ title, description, type: 'failed', priority: 'high', timeout: 12_000 }),
}

export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider toastManager={manager} limit={4}>
      {children}
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-4 z-50 flex w-[calc(100vw-2rem)] flex-col gap-2 sm:w-96">
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  )
}

function Toasts() {
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
