import { Copy } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { Button } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

/** Fresh recovery codes, the only time they can be seen. */
export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const copy = () =>
    navigator.clipboard.writeText(codes.join('\n')).then(
      () => toast.done(t`Copied`),
      () => toast.failed(t`Not copied`, t`Select the codes and copy them by hand.`),
    )
  return (
    <>
      <Notice tone="warning" title="Keep these codes now: they are not shown again">
        Each one opens your account once when your app or passkey is not at hand.
      </Notice>
      <ul aria-label="Recovery codes" className="space-y-1 font-mono text-[13px] break-words">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex flex-wrap justify-end gap-2">
        <Button icon={<Copy aria-hidden className="size-4" />} onClick={() => void copy()}>
          Copy
        </Button>
        <Button variant="primary" onClick={onDone}>
          I have kept them
        </Button>
      </div>
    </>
  )
}
