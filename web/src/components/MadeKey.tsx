import { Copy } from 'lucide-react'
import { t } from '../../../shared/text.ts'
import type { MadeApiKey } from '../api/apiKeys.ts'
import { Button } from '../ui/Button.tsx'
import { Notice } from '../ui/Notice.tsx'
import { Time } from '../ui/Time.tsx'
import { toast } from '../ui/Toast.tsx'

/** A fresh key, the only time it can be seen. */
export function MadeKey({ made, onDone }: { made: MadeApiKey; onDone: () => void }) {
  const copy = () =>
    navigator.clipboard.writeText(made.token).then(
      () => toast.done(t`Copied`),
      () => toast.failed(t`Not copied`, t`Select the key and copy it by hand.`),
    )
  return (
    <>
      <Notice tone="warning" title="Copy the key now: it is not shown again">
        Send it as <code>Authorization: Bearer …</code>
      </Notice>
      <code
        aria-label="The new key"
        className="block rounded-md bg-raised p-3 font-mono text-[13px] break-all"
      >
        {made.token}
      </code>
      <p>
        It works until <Time at={made.expiresAt} />.
      </p>
      <div className="flex flex-wrap justify-end gap-2">
        <Button icon={<Copy aria-hidden className="size-4" />} onClick={() => void copy()}>
          Copy
        </Button>
        <Button variant="primary" onClick={onDone}>
          I have kept it
        </Button>
      </div>
    </>
  )
}
