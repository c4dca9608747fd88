import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import { editZone, type Zone, type ZoneEdited, type ZoneRrset } from '../../../api/dnsZones.ts'
import { useSubmit } from '../../../api/submit.ts'
import { ErrorNotice } from '../../../components/ErrorNotice.tsx'
import { count } from '../../../lib/words.ts'
import { Button } from '../../../ui/Button.tsx'
import { Field, Input } from '../../../ui/Field.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { Changes } from './Changes.tsx'
import { keyOf, type Staged } from './staged.ts'

/** What is not saved yet: looked at, then saved at once or thrown away. */
export function Unsaved({
  zone,
  rrsets,
  revision,
  staged,
  onDone,
}: {
  zone: Zone
  rrsets: readonly ZoneRrset[]
  revision: number
  staged: Staged
  onDone: () => void
}) {
  const [comment, setComment] = useState('')
  const changes = [...staged.values()]
  const save = useSubmit<null, ZoneEdited>({
    send: (_, key) => editZone(zone.domainId, { changes, comment }, revision, key),
    onDone: () => {
      toast.done(t`Saved`, t`The zone is brought to its server.`)
      setComment('')
      onDone()
    },
  })
  if (changes.length === 0) return null
  const users = new Map(
    rrsets.filter(({ managedBy }) => managedBy === 'user').map((one) => [keyOf(one), one]),
  )
  const shown = changes.map((one) => ({
    name: one.name,
    type: one.type,
    before: users.get(keyOf(one))?.value ?? null,
    after: one.value,
  }))
  return (
    <section aria-label="Not saved yet" className="space-y-3 border-b border-line bg-raised/50 p-4">
      <h3 className="font-semibold">{count(changes.length, t`change`, t`changes`)} not saved yet</h3>
      {save.error && <ErrorNotice error={save.error} />}
      <Changes changes={shown} />
      <Field label="Why" optional hint="It is shown in the history.">
        <Input maxLength={200} value={comment} onChange={({ target }) => setComment(target.value)} />
      </Field>
      <div className="flex flex-wrap justify-end gap-2">
        <Button
          onClick={() => {
            save.reset()
            onDone()
          }}
        >
          Discard
        </Button>
        <Button variant="primary" loading={save.isPending} onClick={() => save.mutate(null)}>
          Save
        </Button>
      </div>
    </section>
  )
}
