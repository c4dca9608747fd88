import { ClipboardCopy, Keyboard, Maximize, RefreshCw } from 'lucide-react'
import { useEffect, useRef, useState, type RefObject } from 'react'
import { t } from '../../../../shared/text.ts'
import type { CloudPodDetail } from '../../api/cloudPods.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Textarea } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Spinner } from '../../ui/Spinner.tsx'
import { toast } from '../../ui/Toast.tsx'
import { useConsole } from './useConsole.ts'

const NOT_OPEN = t`The console is not connected.`

export function Console({ pod }: { pod: CloudPodDetail }) {
  const [attempt, setAttempt] = useState(0)
  return <Connected key={attempt} pod={pod} reconnect={() => setAttempt(attempt + 1)} />
}

function Connected({ pod, reconnect }: { pod: CloudPodDetail; reconnect: () => void }) {
  const target = useRef<HTMLDivElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const tools = useRef<HTMLDivElement>(null)
  const { state, handle } = useConsole(pod.id, target)
  useWayOut(frame, tools)
  const [pasting, setPasting] = useState(false)
  const whyNot = state.phase === 'open' ? undefined : NOT_OPEN
  const copy = () => {
    copyMarked(handle.current?.selection?.() ?? '')
    handle.current?.focus()
  }
  return (
    <div className="space-y-3">
      <div ref={tools} role="toolbar" aria-label="Console" className="flex flex-wrap gap-2">
        {pod.kind === 'vm' ? (
          <Button
            icon={<Keyboard aria-hidden className="size-4" />}
            disabledReason={whyNot}
            onClick={() => {
              handle.current?.ctrlAltDel?.()
              handle.current?.focus()
            }}
          >
            Ctrl-Alt-Del
          </Button>
        ) : (
          <Button
            icon={<ClipboardCopy aria-hidden className="size-4" />}
            disabledReason={whyNot}
            onClick={copy}
          >
            Copy
          </Button>
        )}
        <Button disabledReason={whyNot} onClick={() => setPasting(true)}>
          Paste text
        </Button>
        <Button
          icon={<Maximize aria-hidden className="size-4" />}
          disabledReason={whyNot}
          onClick={() => {
            frame.current
              ?.requestFullscreen()
              .catch(() => toast.failed(t`No full screen`, t`The browser does not allow it here.`))
            handle.current?.focus()
          }}
        >
          Full screen
        </Button>
        <Button
          icon={<RefreshCw aria-hidden className="size-4" />}
          loading={state.phase === 'connecting'}
          onClick={reconnect}
        >
          {state.phase === 'ended' ? t`Connect again` : t`Reconnect`}
        </Button>
      </div>
      <div aria-live="polite">
        {state.phase === 'connecting' && (
          <p className="flex items-center gap-2 text-muted">
            <Spinner /> Connecting to the console…
          </p>
        )}
        {state.phase === 'open' && (
          <p className="text-muted">Connected. All keys go to the CloudPod; Shift+Esc leaves the console.</p>
        )}
        {state.phase === 'ended' && (
          <Notice tone="warning" title="The console has ended">
            {state.words}
          </Notice>
        )}
      </div>
      <section
        ref={frame}
        aria-label={t`Console of ${pod.hostname}`}
        className="h-[calc(100dvh-23rem)] min-h-72 sm:h-[calc(100dvh-18rem)] overflow-hidden rounded-md border border-line bg-[#0c0f14] p-1"
      >
        <div ref={target} className="size-full" />
      </section>
      <Dialog open={pasting} onClose={() => setPasting(false)} title="Paste text">
        {pasting && (
          <PasteForm
            isScreen={pod.kind === 'vm'}
            onClose={() => setPasting(false)}
            onPaste={(text) => {
              setPasting(false)
              void handle.current?.type(text)
              handle.current?.focus()
            }}
          />
        )}
      </Dialog>
    </div>
  )
}

function copyMarked(marked: string): void {
  if (marked === '') {
    toast.failed(t`Nothing was copied`, t`Mark something with the mouse first.`)
    return
  }
  navigator.clipboard.writeText(marked).then(
    () => toast.done(t`Copied`),
    () => toast.failed(t`Nothing was copied`, t`The browser does not allow it here.`),
  )
}

/** All keys belong to the console, so that one of them must lead out of it. */
function useWayOut(frame: RefObject<HTMLElement | null>, tools: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = frame.current
    const leave = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !event.shiftKey) return
      event.preventDefault()
      event.stopPropagation()
      tools.current?.querySelector('button')?.focus()
    }
    element?.addEventListener('keydown', leave, { capture: true })
    return () => element?.removeEventListener('keydown', leave, { capture: true })
  }, [frame, tools])
}

function PasteForm({
  isScreen,
  onPaste,
  onClose,
}: {
  isScreen: boolean
  onPaste: (text: string) => void
  onClose: () => void
}) {
  const [text, setText] = useState('')
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        onPaste(text)
      }}
    >
      <p>
        {isScreen
          ? t`It is typed key by key, as on a US keyboard. Look at the result before you rely on it, with passwords above all.`
          : t`It is sent to the terminal as it is.`}
      </p>
      <Field label="Text">
        <Textarea rows={6} value={text} onChange={(event) => setText(event.target.value)} />
      </Field>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Back</Button>
        <Button
          type="submit"
          variant="primary"
          disabledReason={text === '' ? t`There is no text.` : undefined}
        >
          Type it
        </Button>
      </div>
    </form>
  )
}
