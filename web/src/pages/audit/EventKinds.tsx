import { useState } from 'react'
import { AUDIT_ACTIONS } from '../../../../shared/auditActions.ts'
import { t } from '../../../../shared/text.ts'
import { count } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Checkbox, Input } from '../../ui/Field.tsx'

const groupOf = (name: string): string => name.split('_')[0] ?? name

/** Which kinds of events; null: all, also those of later versions. */
export function EventKinds({
  chosen,
  onChoose,
  error,
}: {
  chosen: readonly string[] | null
  onChoose: (chosen: string[] | null) => void
  error?: string | undefined
}) {
  const [words, setWords] = useState('')
  const wanted = words.trim().toUpperCase().replaceAll(' ', '_')
  const found = AUDIT_ACTIONS.filter((name) => name.includes(wanted))
  const set = new Set(chosen)
  const toggle = (name: string) =>
    onChoose(set.has(name) ? [...set].filter((one) => one !== name) : [...set, name].toSorted())
  return (
    <fieldset className="space-y-3 rounded-md border border-line p-3" aria-describedby="kinds-error">
      <legend className="px-1 font-medium">Events</legend>
      <Checkbox
        label="Every kind of event, also those of later versions"
        checked={chosen === null}
        onChange={() => onChoose(chosen === null ? [] : null)}
      />
      {chosen !== null && (
        <>
          <div className="flex flex-wrap items-center gap-2">
            <Input
              type="search"
              aria-label="Find kinds of events"
              placeholder="Find, such as invoice"
              value={words}
              onChange={(event) => setWords(event.target.value)}
              className="sm:max-w-64"
            />
            <span className="text-[13px] text-muted">{count(set.size, t`kind`, t`kinds`)} chosen</span>
            {set.size > 0 && (
              <Button size="sm" variant="ghost" onClick={() => onChoose([])}>
                Clear
              </Button>
            )}
          </div>
          <fieldset
            aria-label="Kinds of events"
            className="max-h-72 space-y-3 overflow-y-auto rounded-md border border-line p-3"
          >
            {[...new Set(found.map(groupOf))].map((group) => (
              <fieldset key={group} className="space-y-1">
                <legend className="text-[13px] font-medium text-muted">{group}</legend>
                {found
                  .filter((name) => groupOf(name) === group)
                  .map((name) => (
                    <Checkbox
                      key={name}
                      label={<span className="font-mono text-[13px] break-all">{name}</span>}
                      checked={set.has(name)}
                      onChange={() => toggle(name)}
                    />
                  ))}
              </fieldset>
            ))}
            {found.length === 0 && <p className="text-muted">No kind of event has this in its name.</p>}
          </fieldset>
        </>
      )}
      <p id="kinds-error" className="text-[13px] font-medium text-danger-text empty:hidden">
        {error}
      </p>
    </fieldset>
  )
}
