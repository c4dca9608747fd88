import { Dialog as Base } from '@base-ui/react/dialog'
import { clsx } from 'clsx'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'

export function Dialog({
  open,
  onClose,
  title,
  description,
  wide = false,
  children,
}: {
  open: boolean
  onClose: () => void
  title: string
  description?: ReactNode
  wide?: boolean
  children: ReactNode
}) {
  return (
    <Base.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/50" />
        <Base.Viewport className="fixed inset-0 z-40 flex items-start justify-center overflow-y-auto p-4 sm:items-center-safe">
          <Base.Popup
            className={clsx(
              'w-full rounded-lg border border-line bg-surface shadow-pop outline-none',
              wide ? 'max-w-2xl' : 'max-w-lg',
            )}
          >
            <div className="flex items-start justify-between gap-4 border-b border-line px-5 py-3.5">
              <Base.Title className="text-base font-semibold">{title}</Base.Title>
              <Base.Close aria-label="Close" className="-mr-1 rounded p-1 text-muted hover:bg-raised">
                <X aria-hidden className="size-4" />
              </Base.Close>
            </div>
            <div className="space-y-4 p-5">
              {description && (
                <Base.Description render={<div />} className="text-muted">
                  {description}
                </Base.Description>
              )}
              {children}
            </div>
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}
