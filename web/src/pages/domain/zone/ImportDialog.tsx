import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import { importZone, type Zone, type ZoneImported } from '../../../api/dnsZones.ts'
import { Form, REQUIRED, useApiForm } from '../../../components/Form.tsx'
import { useSubmit } from '../../../api/submit.ts'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Field, Input, Textarea } from '../../../ui/Field.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { RadioCards } from '../../../ui/RadioCards.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { Preview } from './Preview.tsx'

type Mode = 'merge' | 'replace'
const MODES: { value: Mode; title: string; detail: string }[] = [
  { value: 'merge', title: t`Add`, detail: t`What is in the file is put in; all else stays.` },
  { value: 'replace', title: t`Replace`, detail: t`Your records that are not in the file go.` },
]

/** Takes over a zone file, once it was seen what would come of it. */
export function ImportDialog({ zone, open, onClose }: { zone: Zone; open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Import a zone file" wide>
      <Import zone={zone} onClose={onClose} />
    </Dialog>
  )
}

function Import({ zone, onClose }: { zone: Zone; onClose: () => void }) {
  const [mode, setMode] = useState<Mode>('merge')
  const [found, setFound] = useState<ZoneImported | null>(null)
  const of = useApiForm<{ text: string }, ZoneImported>({
    defaultValues: { text: '' },
    send: ({ text }, key) => importZone(zone.domainId, { text, mode, preview: true }, key),
    onDone: setFound,
  })
  const { form } = of
  const save = useSubmit<null, ZoneImported>({
    send: (_, key) => importZone(zone.domainId, { text: form.getValues('text'), mode }, key),
    onDone: () => {
      toast.done(t`Imported`, t`The zone is brought to its server.`)
      onClose()
    },
  })
  if (found)
    return (
      <Preview
        found={found}
        error={save.error}
        loading={save.isPending}
        onBack={() => setFound(null)}
        onSave={() => save.mutate(null)}
      >
        {found.faults.length > 0 && (
          <Notice tone="warning" title="Not taken over">
            <ul className="list-disc space-y-1 pl-4">
              {found.faults.slice(0, 20).map(({ line, message }) => (
                <li key={`${line} ${message}`} className="break-words">
                  Line {line}: {message}
                </li>
              ))}
            </ul>
          </Notice>
        )}
      </Preview>
    )
  return (
    <Form of={of} submitLabel="Show what would change" onCancel={onClose}>
      <Field label="File" optional hint="As BIND, other DNS servers and providers write it.">
        <Input
          type="file"
          accept=".zone,.txt,.db,text/*"
          className="py-1"
          onChange={({ target }) =>
            void target.files?.[0]
              ?.text()
              .then((text) => form.setValue('text', text, { shouldValidate: true }))
          }
        />
      </Field>
      <Field label="Zone file" error={of.errorOf('text')}>
        <Textarea
          rows={8}
          spellCheck={false}
          className="font-mono text-[13px]"
          {...form.register('text', { required: REQUIRED })}
        />
      </Field>
      <RadioCards
        label="What happens to the records that are here"
        name="mode"
        value={mode}
        options={MODES}
        onChange={(chosen) => setMode(chosen === 'replace' ? 'replace' : 'merge')}
      />
    </Form>
  )
}
