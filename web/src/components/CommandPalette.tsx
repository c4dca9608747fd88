import { Autocomplete } from '@base-ui/react/autocomplete'
import { Dialog } from '@base-ui/react/dialog'
import { useNavigate } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Spinner } from '../ui/Spinner.tsx'
import { type Command, useCommands } from './commands.ts'

/** Ctrl+K or Cmd+K: places, actions, and pods and customers by name. */
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
    return () => removeEventListener('keydown', press)
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
            <Commands onDone={() => onOpenChange(false)} />
          </Dialog.Popup>
        </Dialog.Viewport>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Commands({ onDone }: { onDone: () => void }) {
  const [typed, setTyped] = useState('')
  const navigate = useNavigate()
  const { groups, searching } = useCommands(typed)
  return (
    <Autocomplete.Root
      open
      inline
      items={groups}
      filter={null}
      value={typed}
      onValueChange={setTyped}
      autoHighlight="always"
      keepHighlight
      itemToStringValue={(command: Command) => command.label}
    >
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        {searching ? (
          <Spinner className="text-muted" />
        ) : (
          <Search aria-hidden className="size-4 text-muted" />
        )}
        <Autocomplete.Input
          aria-label="Search places, actions, pods and customers"
          placeholder="Search places, actions, pods, customers"
          className="h-12 w-full bg-transparent outline-none"
        />
      </div>
      <Dialog.Close className="sr-only">Close</Dialog.Close>
      <Autocomplete.Empty>
        {!searching && <p className="px-4 py-6 text-muted">Nothing found.</p>}
      </Autocomplete.Empty>
      <Autocomplete.List className="max-h-[60vh] overflow-y-auto p-2 empty:p-0">
        {(group: (typeof groups)[number]) => (
          <Autocomplete.Group key={group.value} items={group.items} className="mb-1">
            <Autocomplete.GroupLabel className="px-2 py-1.5 text-xs font-semibold text-muted">
              {group.value}
            </Autocomplete.GroupLabel>
            <Autocomplete.Collection>
              {(command: Command) => (
                <Autocomplete.Item
                  key={command.value}
                  value={command}
                  onClick={() => {
                    onDone()
                    void navigate(command.link)
                  }}
                  className="flex items-center gap-2.5 rounded px-2 py-2 select-none data-highlighted:bg-raised"
                >
                  <command.icon aria-hidden className="size-4 shrink-0 text-muted" />
                  <span className="min-w-0 flex-1 truncate">{command.label}</span>
                  {command.detail && (
                    <span className="max-w-[50%] truncate text-[13px] text-muted">{command.detail}</span>
                  )}
                </Autocomplete.Item>
              )}
            </Autocomplete.Collection>
          </Autocomplete.Group>
        )}
      </Autocomplete.List>
    </Autocomplete.Root>
  )
}
