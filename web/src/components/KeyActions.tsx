import { Ban, Pencil, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { renameOwnKey, revokeKey, rotateKey, type ApiKey, type MadeApiKey } from '../api/apiKeys.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Field, Input, Select } from '../ui/Field.tsx'
import { toast } from '../ui/Toast.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
import { MadeKey } from './MadeKey.tsx'

type Doing = 'rename' | 'rotate' | 'revoke'

/** What can be done with a key: by its owner, or by who manages keys. */
export function KeyActions({
  apiKey,
  own,
  reason,
}: {
  apiKey: ApiKey
  own: boolean
  /** Why nothing can be done. */
  reason?: string | undefined
}) {
  const [doing, setDoing] = useState<Doing | null>(null)
  const [made, setMade] = useState<MadeApiKey | null>(null)
  const close = () => {
    setDoing(null)
    setMade(null)
  }
  const ended = apiKey.state === 'active' ? undefined : t`The key is ${apiKey.state}.`
  const theirs = own || apiKey.owner.kind === 'service' ? undefined : t`Only its owner rotates this key.`
  return (
    <div className="flex justify-end">
      {own && (
        <Button
          size="icon"
          variant="ghost"
          aria-label={t`Rename ${apiKey.name}`}
          onClick={() => setDoing('rename')}
        >
          <Pencil aria-hidden className="size-4" />
        </Button>
      )}
      <Button
        size="icon"
        variant="ghost"
        aria-label={t`Rotate ${apiKey.name}`}
        disabledReason={reason ?? ended ?? theirs}
        onClick={() => setDoing('rotate')}
      >
        <RefreshCw aria-hidden className="size-4" />
      </Button>
      <Button
        size="icon"
        variant="ghost"
        aria-label={t`Revoke ${apiKey.name}`}
        disabledReason={reason ?? (apiKey.state === 'revoked' ? ended : undefined)}
        onClick={() => setDoing('revoke')}
      >
        <Ban aria-hidden className="size-4" />
      </Button>
      <Dialog open={doing === 'rename'} onClose={close} title="Rename the key">
        <Rename apiKey={apiKey} onClose={close} />
      </Dialog>
      <Dialog
        open={doing === 'rotate'}
        onClose={made ? () => undefined : close}
        title={t`Rotate ${apiKey.name}`}
      >
        {made ? (
          <MadeKey made={made} onDone={close} />
        ) : (
          <Rotate apiKey={apiKey} own={own} onMade={setMade} onClose={close} />
        )}
      </Dialog>
      <Dialog open={doing === 'revoke'} onClose={close} title={t`Revoke ${apiKey.name}`}>
        <Revoke apiKey={apiKey} own={own} onClose={close} />
      </Dialog>
    </div>
  )
}

function Rename({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const of = useApiForm<{ name: string }, ApiKey>({
    defaultValues: { name: apiKey.name },
    send: ({ name }) => renameOwnKey(apiKey, name),
    onDone: onClose,
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field label="Name" error={of.errorOf('name')}>
        <Input maxLength={100} {...of.form.register('name', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

const OVERLAPS = [
  [24, t`A day`],
  [72, t`Three days`],
  [1, t`An hour`],
  [0, t`Not at all`],
] as const

function Rotate({
  apiKey,
  own,
  onMade,
  onClose,
}: {
  apiKey: ApiKey
  own: boolean
  onMade: (made: MadeApiKey) => void
  onClose: () => void
}) {
  const of = useApiForm<{ overlap: string }, MadeApiKey>({
    defaultValues: { overlap: '24' },
    send: ({ overlap }, key) => rotateKey(own, apiKey.id, Number(overlap), key),
    onDone: onMade,
  })
  return (
    <Form of={of} submitLabel="Make the new key" onCancel={onClose}>
      <p>A new key with the same limits takes its place.</p>
      <Field label="The old key works on for" error={of.errorOf('overlapHours')}>
        <Select {...of.form.register('overlap')}>
          {OVERLAPS.map(([hours, label]) => (
            <option key={hours} value={hours}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
    </Form>
  )
}

function Revoke({ apiKey, own, onClose }: { apiKey: ApiKey; own: boolean; onClose: () => void }) {
  const of = useApiForm<Record<string, never>, void>({
    defaultValues: {},
    send: () => revokeKey(own, apiKey.id),
    onDone: () => {
      toast.done(t`The key is revoked`)
      onClose()
    },
  })
  return (
    <Form of={of} danger submitLabel="Revoke" onCancel={onClose}>
      <p>Whatever still uses it is refused from now on. This cannot be undone.</p>
    </Form>
  )
}
