import { Autocomplete } from '@base-ui/react/autocomplete'
import { Dialog } from '@base-ui/react/dialog'
import { useNavigate } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Spinner } from '../ui/Spinner.tsx'
import { type Command, useCommands } from './useCommands.ts'

/** The palette's content, loaded when it is opened for the first time. */
export default function Commands({ onDone }: { onDone: () => void }) {
  const [typed, setTyped] = useState('')
  const input = useRef<HTMLInputElement>(null)
  // The dialog chose its first focus before this content was loaded.
  useEffect(() => input.current?.focus(), [])
  const navigate = useNavigate()
  const { groups, searching, error } = useCommands(typed)
  const wanted = typed.trim()
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
          ref={input}
          aria-label="Search or jump to"
          placeholder="Name, e-mail, host name, IP address, number, id"
          className="h-12 w-full bg-transparent outline-none"
        />
      </div>
      <Dialog.Close className="sr-only">Close</Dialog.Close>
      {error && wanted !== '' && (
        <p role="alert" className="border-b border-line px-4 py-3 text-danger-text">
          The search did not work: {error.message}
        </p>
      )}
      <Autocomplete.Empty>
        {!searching && !error && (
          <p className="px-4 py-6 break-words text-muted">
            Nothing found for “{wanted}”. Try fewer letters, a whole e-mail, an address or an id.
          </p>
        )}
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
                    command.note?.()
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
